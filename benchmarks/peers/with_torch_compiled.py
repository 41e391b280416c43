"""PyTorch with `torch.compile` around model and loss; it needs a C++ compiler.

The LSTM is left out: written out it is compiled for minutes, and `nn.LSTM` is not compiled.
"""

from peers.with_torch import convolutional, perceptron, squared_error, trained

MODELS = {
    "LinReg": trained(perceptron, squared_error, compiled=True),
    "Softmax": trained(perceptron, compiled=True),
    "MLP": trained(perceptron, compiled=True),
    "LeNet": trained(convolutional, compiled=True),
    "CIFAR": trained(convolutional, compiled=True),
}

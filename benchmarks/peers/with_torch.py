"""PyTorch, eager: modules, an optimizer, instances along the first axis."""

from collections.abc import Callable
from typing import Any

import numpy as np
import torch
from torch import nn
from torch.nn import functional

from peers import Model


def tensor(array: np.ndarray) -> torch.Tensor:
    return torch.from_numpy(np.array(array, order="C"))


def with_parameters(layer: Any, weight: np.ndarray, bias: np.ndarray) -> Any:
    layer.weight.data, layer.bias.data = tensor(weight), tensor(bias.reshape(-1))
    return layer


def linear(weight: np.ndarray, bias: np.ndarray) -> nn.Linear:
    return with_parameters(nn.Linear(weight.shape[1], weight.shape[0]), weight, bias)


def convolution(weight: np.ndarray, bias: np.ndarray) -> nn.Conv2d:
    layer = nn.Conv2d(weight.shape[1], weight.shape[0], weight.shape[2:])
    return with_parameters(layer, weight, bias)


def dense(w: list[np.ndarray]) -> list[nn.Module]:
    layers: list[nn.Module] = []
    for weight, bias in zip(w[::2], w[1::2], strict=True):
        layers += [linear(weight, bias), nn.ReLU()]
    return layers[:-1]


def perceptron(w: list[np.ndarray]) -> nn.Module:
    return nn.Sequential(*dense(w))


def convolutional(w: list[np.ndarray]) -> nn.Module:
    layers: list[nn.Module] = []
    for weight, bias in ((w[0], w[1]), (w[2], w[3])):
        layers += [convolution(weight, bias), nn.ReLU(), nn.MaxPool2d(2)]
    return nn.Sequential(*layers, nn.Flatten(), *dense(w[4:]))


def split_gates(array: np.ndarray) -> list[np.ndarray]:
    """The gates in the order of nn.LSTM: in, forget, change, out."""
    forget, ingate, outgate, change = np.split(array, 4, axis=-1)
    return [ingate, forget, change, outgate]


class Characters(nn.Module):
    """`nn.LSTM`, which takes all steps at once."""

    def __init__(self, w: dict[str, np.ndarray]) -> None:
        super().__init__()
        inputs, hidden = w["embedding"].shape[1], len(w["scores"])
        self.embedding = nn.Embedding.from_pretrained(tensor(w["embedding"]), freeze=False)
        self.lstm = nn.LSTM(inputs, hidden)
        gates = np.concatenate(split_gates(w["gates"]), axis=1).T
        self.lstm.weight_ih_l0.data = tensor(gates[:, :inputs])
        self.lstm.weight_hh_l0.data = tensor(gates[:, inputs:])
        self.lstm.bias_ih_l0.data = tensor(np.concatenate(split_gates(w["gates_bias"])))
        self.lstm.bias_hh_l0.data.zero_()
        self.lstm.bias_hh_l0.requires_grad_(False)  # the other models have one bias
        self.scores = linear(w["scores"].T, w["scores_bias"])

    def forward(self, chars: torch.Tensor) -> torch.Tensor:
        return self.scores(self.lstm(self.embedding(chars))[0]).flatten(0, 1)


class CharactersBySteps(nn.Module):
    """The LSTM written out, a step after the other."""

    def __init__(self, w: dict[str, np.ndarray]) -> None:
        super().__init__()
        self.embedding = nn.Embedding.from_pretrained(tensor(w["embedding"]), freeze=False)
        self.gates = linear(w["gates"].T, w["gates_bias"])
        self.scores = linear(w["scores"].T, w["scores_bias"])

    def forward(self, chars: torch.Tensor) -> torch.Tensor:
        hidden = cell = torch.zeros(chars.shape[1], self.scores.in_features)
        outputs = []
        for t in range(len(chars)):
            joined = torch.cat([self.embedding(chars[t]), hidden], dim=1)
            forget, ingate, outgate, change = self.gates(joined).chunk(4, dim=1)
            cell = cell * torch.sigmoid(forget) + torch.sigmoid(ingate) * torch.tanh(change)
            hidden = torch.sigmoid(outgate) * torch.tanh(cell)
            outputs.append(hidden)
        return self.scores(torch.cat(outputs))


def squared_error(scores: torch.Tensor, y: torch.Tensor) -> torch.Tensor:
    return ((y - scores) ** 2).sum() / len(y)


def batch_first(data: Any) -> tuple[torch.Tensor, torch.Tensor]:
    """Columns of instances as rows; labels stay as they are."""
    x, y = data
    return tensor(x.T if x.ndim == 2 else x), tensor(y.T if y.ndim == 2 else y)


def flat_targets(data: Any) -> tuple[torch.Tensor, torch.Tensor]:
    chars, targets = data
    return tensor(chars), tensor(targets.reshape(-1))


def trained(
    make: Callable[[Any], nn.Module],
    measure: Callable[..., torch.Tensor] = functional.cross_entropy,
    convert: Callable[[Any], tuple[torch.Tensor, torch.Tensor]] = batch_first,
    compiled: bool = False,
) -> Any:
    """A model that an optimizer takes down the gradient of `measure`."""

    def model(w: Any, data: Any, rate: float) -> Model:
        network = make(w)
        x, y = convert(data)
        optimizer = torch.optim.SGD([p for p in network.parameters() if p.requires_grad], lr=rate)

        def loss(x: torch.Tensor, y: torch.Tensor) -> torch.Tensor:
            return measure(network(x), y)

        called = torch.compile(loss) if compiled else loss

        def step() -> None:
            optimizer.zero_grad()
            called(x, y).backward()
            optimizer.step()

        return Model(step, lambda: float(loss(x, y).detach()))

    return model


MODELS = {
    "LinReg": trained(perceptron, squared_error),
    "Softmax": trained(perceptron),
    "MLP": trained(perceptron),
    "LeNet": trained(convolutional),
    "CIFAR": trained(convolutional),
    "CharLM": trained(CharactersBySteps, convert=flat_targets),
    "CharLM, nn.LSTM": trained(Characters, convert=flat_targets),
}

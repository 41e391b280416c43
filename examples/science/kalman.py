"""The flow of the Nile, 1871 to 1970: noise and drift by the likelihood of a Kalman filter."""

import numpy as np
from scipy.optimize import minimize
from showing import options, plot, table

from knetsrc import value_and_grad

# 10^8 cubic metres a year at Aswan; Cobb, Biometrika 65, 1978
NILE = """1120 1160 963 1210 1160 1160 813 1230 1370 1140 995 935 1110 994 1020 960 1180 799 958
1140 1100 1210 1150 1250 1260 1220 1030 1100 774 840 874 694 940 833 701 916 692 1020 1050 969 831
726 456 824 702 1120 1100 832 764 821 768 845 864 862 698 845 744 796 1040 759 781 865 845 944 984
897 822 1010 771 676 649 846 812 742 801 1040 860 874 848 890 744 749 838 1050 918 986 797 923 975
815 1020 906 901 1170 912 746 919 718 714 740"""


def kalman(x, P, F, H, Q, R, observations):
    """-log likelihood of the observations, without the constant, and the filtered states."""
    nll, states = 0.0, []
    for y in observations:
        x = F @ x
        P = F @ P @ F.T + Q
        S = H @ P @ H.T + R
        r = y - H @ x
        nll += 0.5 * (np.log(np.linalg.det(S)) + r @ np.linalg.solve(S, r))
        K = P @ H.T @ np.linalg.inv(S)
        x = x + K @ r
        P = P - K @ H @ P
        states.append(x)
    return nll, states


@value_and_grad
def local_level(log_variances, observations):
    """A level that drifts, seen through noise."""
    R = np.exp(log_variances[0]).reshape(1, 1)
    Q = np.exp(log_variances[1]).reshape(1, 1)
    start = np.array([[1e7]])  # nothing is known before the first year
    one = np.eye(1)
    return kalman(np.zeros(1), start, one, one, Q, R, observations)[0]


def main():
    path = options(__doc__, local_level)
    flow = [np.array([float(y)]) for y in NILE.split()]
    found = minimize(local_level, [9.0, 9.0], (flow,), jac=True, method="BFGS")
    noise, drift = np.exp(found.x)
    rows = {"found": [noise, drift], "Durbin and Koopman, 2001": [15099, 1469.1]}
    table(f"after {found.nfev} evaluations", rows, "variance of noise", "variance of drift")
    one = np.eye(1)
    states = kalman(np.zeros(1), 1e7 * one, one, one, drift * one, noise * one, flow)[1]
    plot(path, np.arange(1871, 1971), "year", flow=flow, level=states)


if __name__ == "__main__":
    main()

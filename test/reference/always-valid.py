# Made with Python 3.11.7, scipy 1.17.1, numpy 2.4.6. Prints test/vectors/always-valid.json.
import json
from decimal import Decimal, getcontext

import numpy as np
from scipy import integrate, special, stats

getcontext().prec = 60
D = Decimal
PI = D("3.14159265358979323846264338327950288419716939937510582097494459")
BERNOULLI = [(1, 6), (-1, 30), (1, 42), (-1, 30), (5, 66), (-691, 2730), (7, 6), (-3617, 510), (43867, 798)]


def log_gamma(x):
    """By the Stirling series at x + 60 or more: some forty digits."""
    x = D(x)
    below = D(0)
    while x < 200:
        below += x.ln()
        x += 1
    series = (x - D("0.5")) * x.ln() - x + (2 * PI).ln() / 2
    for i, (top, bottom) in enumerate(BERNOULLI):
        order = 2 * (i + 1)
        series += D(top) / D(bottom) / (order * (order - 1)) / x ** (order - 1)
    return series - below


def dirichlet(counts, shares, concentration):
    c = D(concentration)
    return float(
        log_gamma(c)
        - log_gamma(c + sum(counts))
        + sum(log_gamma(c * D(s) + k) - log_gamma(c * D(s)) - k * D(s).ln() for k, s in zip(counts, shares))
    )


def e_process(k, n, theta0):
    t = float(theta0)
    upper = lambda a, b: float(np.log(special.betaincc(a, b, t)))
    log = dirichlet([k, n - k], [theta0, str(1 - D(theta0))], "10")
    return log + upper(10 * t + k, 10 * (1 - t) + n - k) - upper(10 * t, 10 * (1 - t))


def chance_to_exceed(x, y):
    """P(X > Y) for whole parameters: the finite sum of Miller 2015, by the ratio of its terms."""
    (a1, b1), (a2, b2) = x, y
    term = D(1)
    for j in range(b1):
        term *= D(b2 + j) / D(a2 + b2 + j)
    total = D(0)
    for i in range(a1):
        total += term
        term *= D(a2 + i) / D(a2 + i + b1 + b2) * D(b1 + i) / D(1 + i)
    return total


def expected_excess(x, y):
    (a1, b1), (a2, b2) = x, y
    larger_x = D(a1) / D(a1 + b1) * chance_to_exceed((a1 + 1, b1), y)
    return larger_x - D(a2) / D(a2 + b2) * chance_to_exceed(x, (a2 + 1, b2))


def beta_bayes(st, nt, sc, nc):
    t, c = (st + 1, nt - st + 1), (sc + 1, nc - sc + 1)
    return [float(chance_to_exceed(t, c)), float(expected_excess(c, t)), float(expected_excess(t, c))]


def t_mixture(t, df, spread):
    """Mean likelihood ratio of t over effects of Normal(0, spread): [both signs, positive effects only]. By quadrature over the scale
    s of the estimated standard deviation, on which t·s is normal: independent of the closed form."""
    log_weight = lambda s: df * (np.log(s) - s * s / 2 + 0.5)
    given = lambda s: np.exp(-(t * s) ** 2 / 2 / (1 + spread)) / np.sqrt(1 + spread)
    positive = lambda s: 2 * stats.norm.cdf(t * s * np.sqrt(spread / (1 + spread)))
    null = lambda s: np.exp(-(t * s) ** 2 / 2)
    mean = lambda f: integrate.quad(lambda s: np.exp(log_weight(s)) * f(s), 0, 5, epsabs=0, epsrel=1e-13, limit=1000, points=[0.5, 0.8, 1, 1.2])[0]
    below = mean(null)
    return [mean(given) / below, mean(lambda s: given(s) * positive(s)) / below]


dirichlet_cases = [
    ([821588, 815482], ["0.5", "0.5"], "10000"),
    ([600, 400], ["0.5", "0.5"], "100"),
    ([999, 1, 500], ["0.7", "0.0001", "0.2999"], "0.5"),
    ([999000, 1, 500], ["0.7", "0.0001", "0.2999"], "100"),
    ([0, 1], ["0.25", "0.75"], "3"),
    ([500000, 500000], ["0.5", "0.5"], "10"),
    ([12, 0, 7, 31], ["0.25", "0.25", "0.25", "0.25"], "100"),
]
e_cases = [(10, 10, "0.5"), (0, 10, "0.5"), (500000, 1000000, "0.5"), (501500, 1000000, "0.5"), (90, 400, "0.2"), (0, 0, "0.75")]
beta_cases = [
    (70, 500, 45, 500),
    (1, 1, 0, 1),
    (0, 20, 0, 20),
    (3, 10, 2000, 20000),
    (300, 1000, 200, 1000),
    (200, 1000, 300, 1000),
    (9000, 10000, 8950, 10000),
    (10100, 100000, 10000, 100000),
    (0, 10, 20000, 20000),
    (5, 5, 1, 100000),
]
t_cases = [(0.5, 28, 1.0), (2.5, 28, 1.0), (3.5, 98, 0.3), (-3.0, 10, 4.0), (4.0, 498, 0.8)]

print(
    json.dumps(
        {
            "dirichlet": [
                {"counts": k, "shares": [float(s) for s in p], "concentration": float(c), "log": dirichlet(k, p, c)}
                for k, p, c in dirichlet_cases
            ],
            "eProcess": [
                {"failuresTreatment": k, "failures": n, "theta0": float(t), "log": e_process(k, n, t)} for k, n, t in e_cases
            ],
            "betaBayes": [
                dict(zip(["successesT", "nT", "successesC", "nC"], case))
                | dict(zip(["probabilityBetter", "lossOfTreatment", "lossOfControl"], beta_bayes(*case)))
                for case in beta_cases
            ],
            "tMixture": [
                {"t": t, "df": df, "spread": spread}
                | dict(zip(["twoSided", "positive"], [float(v) for v in t_mixture(t, df, spread)]))
                for t, df, spread in t_cases
            ],
        },
        indent=1,
    )
)

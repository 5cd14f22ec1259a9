"""mpmath 1.4.1, 60 digits: writes test/vectors/special.json, tails of the incomplete beta and gamma functions and their quantiles."""

import json
import pathlib
import random

from mpmath import exp, inf, log, loggamma, mp, mpf, sqrt

mp.dps = 60
drawn = random.Random(20_241)


def beta_fraction(a, b, x):
    """I_x(a, b) without its front, DLMF 8.17.22, for x under (a + 1) / (a + b + 2)."""
    value, c, d = mpf(1), mpf(1), mpf(0)
    for k in range(1, 1_000_000):
        m = k // 2
        if k % 2 == 0:
            numerator = m * (b - m) * x / ((a + 2 * m - 1) * (a + 2 * m))
        else:
            numerator = -(a + m) * (a + b + m) * x / ((a + 2 * m) * (a + 2 * m + 1))
        d = 1 / (1 + numerator * d)
        c = 1 + numerator / c
        value *= c * d
        if abs(c * d - 1) < mpf(10) ** -35:
            return 1 / value
    raise ArithmeticError("the fraction does not settle")


def log_beta_tails(a, b, x):
    a, b, x = mpf(a), mpf(b), mpf(x)
    front = a * log(x) + b * log(1 - x) + loggamma(a + b) - loggamma(a) - loggamma(b)
    if x < (a + 1) / (a + b + 2):
        lower = exp(front) * beta_fraction(a, b, x) / a
        return log(lower), log(1 - lower)
    upper = exp(front) * beta_fraction(b, a, 1 - x) / b
    return log(1 - upper), log(upper)


def log_gamma_tails(a, x):
    a, x = mpf(a), mpf(x)
    front = a * log(x) - x - loggamma(a)
    if x < a + 1:
        term, total, k = 1 / a, 1 / a, 0
        while term > total * mpf(10) ** -40:
            k += 1
            term *= x / (a + k)
            total += term
        lower = exp(front) * total
        return log(lower), log(1 - lower)
    value = x - a + 1
    c, d, m = value, mpf(0), 0
    while True:
        m += 1
        numerator, denominator = m * (a - m), x - a + 2 * m + 1
        d = 1 / (denominator + numerator * d)
        c = denominator + numerator / c
        value *= c * d
        if abs(c * d - 1) < mpf(10) ** -35:
            break
    upper = exp(front) / value
    return log(1 - upper), log(upper)


def t_tail(t, df):
    t, df = mpf(t), mpf(df)
    return exp(log_beta_tails(df / 2, mpf("0.5"), df / (df + t * t))[0]) / 2


def bisect(tail, target, low, high):
    """The argument at which a falling function takes the target."""
    for _ in range(160):
        middle = (low + high) / 2
        low, high = (middle, high) if tail(middle) > target else (low, middle)
    return low


def beta_grid():
    rows = []
    for a in (0.01, 0.3, 1.0, 2.5, 40.0, 1234.5, 1e5, 1e7):
        for b in (0.01, 0.5, 1.0, 7.0, 300.0, 54321.0, 1e7):
            mean, sd = a / (a + b), (a * b / ((a + b) ** 2 * (a + b + 1))) ** 0.5
            for z in (-400, -30, -6, -1, 0, 0.7, 4, 37, 500):
                x = mean + z * sd * drawn.uniform(0.9, 1.1)
                x = x if 0 < x < 1 else (drawn.random() * mean if x <= 0 else 1 - drawn.random() * (1 - mean))
                if 0 < x < 1:
                    rows.append([a, b, x, *(number(v) for v in log_beta_tails(a, b, x))])
    return drawn.sample(rows, 220)


def gamma_grid():
    rows = []
    for a in (0.01, 0.5, 1.0, 3.7, 50.0, 999.5, 1e5, 5e6):
        for z in (-20, -5, -1, 0, 0.9, 5, 36):
            x = a + z * a**0.5
            x = x if x > 0 else a * drawn.random()
            rows.append([a, x, *(number(v) for v in log_gamma_tails(a, x))])
    return rows


def number(value):
    return float(mp.nstr(value, 20))


def t_grid():
    return [
        [t, df, number(t_tail(t, df))]
        for df in (0.3, 1.0, 3.4, 12.7, 200.5, 1e4, 1e7, 1e12)
        for t in (1e-9, 0.2, 1.0, 2.7, 9.0, 30.0, 1e3)
        if t_tail(t, df) > mpf(10) ** -300
    ]


def t_quantiles():
    rows = []
    for df in (0.5, 1.0, 3.4, 7.3, 60.0, 5000.25, 1e7):
        for p in (1e-280, 1e-20, 1e-4, 0.025, 0.2, 0.3, 0.45, 0.499999):
            tail = p
            limit = bisect(lambda u: t_tail(exp(u), df), mpf(tail), mpf(-60), mpf(1400) / min(1, df))
            rows.append([p, df, number(-exp(limit))])
    return [row for row in rows if row[2] > -1e150]


def beta_quantiles():
    rows = []
    for a, b in ((0.01, 3.0), (0.5, 0.5), (2.0, 5.0), (46.0, 456.0), (0.3, 2e4), (1e5, 2e5), (1e7, 1e7), (21.0, 1.0)):
        for p in (1e-100, 1e-12, 0.025, 0.4, 0.5, 0.8, 0.999):
            odds = bisect(
                lambda u: -log_beta_tails(a, b, 1 / (1 + exp(-u)))[0], -log(mpf(p)), mpf(-3000) / min(1, mpf(a)), mpf(60)
            )
            rows.append([p, a, b, number(1 / (1 + exp(-odds)))])
    return [row for row in rows if row[3] > 0]


def normal_tails():
    return [[z, number(mp.erfc(mpf(z) / sqrt(2)) / 2)] for z in (-30, -3, -1e-8, 0, 0.3, 1, 1.96, 2.2, 5, 10, 20, 37.0)]


def normal_quantiles():
    rows = []
    for p in (1e-300, 1e-40, 1e-10, 0.001, 0.025, 0.2, 0.26, 0.4, 0.49, 0.499999):
        rows.append([p, number(bisect(lambda z: -mp.ncdf(z), -mpf(p), mpf(-40), mpf(5)))])
    return rows


def log_gammas():
    return [[x, number(loggamma(mpf(x)))] for x in (1e-300, 1e-8, 0.3, 0.5, 0.9999, 1.0001, 1.5, 1.99, 2.01, 2.5, 7.7, 10, 55.5, 1e7, 1e200)]


def log_betas():
    grid = (0.01, 0.5, 3.0, 77.7, 1e7)
    return [[a, b, number(loggamma(mpf(a)) + loggamma(mpf(b)) - loggamma(mpf(a) + mpf(b)))] for a in grid for b in grid]


out = {
    "logGamma": log_gammas(),
    "logBeta": log_betas(),
    "logBetaTails": beta_grid(),
    "logGammaTails": gamma_grid(),
    "tSf": t_grid(),
    "tQuantile": t_quantiles(),
    "betaQuantile": beta_quantiles(),
    "normalSf": normal_tails(),
    "normalQuantile": normal_quantiles(),
}
assert all(abs(v) < inf for rows in out.values() for row in rows for v in row)
lines = (f'  "{name}": [\n' + ",\n".join(f"    {json.dumps(row)}" for row in rows) + "\n  ]" for name, rows in out.items())
target = pathlib.Path(__file__).parent.parent / "vectors" / "special.json"
target.write_text("{\n" + ",\n".join(lines) + "\n}\n")

"""scipy 1.17.1, statsmodels 0.15.0, mpmath 1.4.1 (40 digits): writes test/vectors/plain-tests.json."""

import json
import pathlib
import random

import numpy
from mpmath import exp, loggamma, mp, mpf, quad, sqrt
from scipy import stats
from scipy.optimize import brentq
from statsmodels.formula.api import ols
from statsmodels.stats.anova import anova_lm
from statsmodels.stats.multitest import multipletests
from statsmodels.stats.proportion import confint_proportions_2indep, proportion_confint

mp.dps = 40
drawn = random.Random(77)


def log_choose(n, k):
    return loggamma(mpf(n) + 1) - loggamma(mpf(k) + 1) - loggamma(mpf(n - k) + 1)


def fisher(table):
    """Sums of every term of the hypergeometric distribution, at 40 digits."""
    (a, b), (c, d) = table
    total, marked, taken = a + b + c + d, a + b, a + c
    low, high = max(0, marked + taken - total), min(marked, taken)
    mode = (marked + 1) * (taken + 1) // (total + 2)
    term = {mode: exp(log_choose(marked, mode) + log_choose(total - marked, taken - mode) - log_choose(total, taken))}
    for k in range(mode, high):
        term[k + 1] = term[k] * (marked - k) * (taken - k) / (mpf(k + 1) * (total - marked - taken + k + 1))
    for k in range(mode, low, -1):
        term[k - 1] = term[k] * k * (total - marked - taken + k) / (mpf(marked - k + 1) * (taken - k + 1))
    limit = term[a] * (1 + mpf("1e-7"))
    sums = (
        sum(p for p in term.values() if p <= limit),
        sum(p for k, p in term.items() if k >= a),
        sum(p for k, p in term.items() if k <= a),
    )
    return [number(min(mpf(1), p)) for p in sums]


def noncentral_t(t, df, ncp):
    """Quadrature over log s in pieces narrower than any bend of the integrand."""
    t, df, ncp = mpf(t), mpf(df), mpf(ncp)
    front = 2 * (df / 2) ** (df / 2) / mp.gamma(df / 2)
    term = lambda w: front * exp(df * w - df / 2 * exp(2 * w)) * mp.erfc((t * exp(w) - ncp) / sqrt(2)) / 2
    width = 2 / sqrt(df + t * t)
    low, high = -min(mpf(90) / df + 1, mpf(90)), min(mpf(3), 30 / sqrt(df))
    pieces = int((high - low) / width) + 1
    marks = [low + (high - low) * k / pieces for k in range(pieces + 1)]
    # The quadrature stops at an absolute error.
    peak = max(term(mark) for mark in marks)
    return peak * quad(lambda w: term(w) / peak, marks)


def number(value):
    return float(mp.nstr(value, 20))


tables = [
    [[45, 455], [70, 430]], [[3, 1], [1, 3]], [[0, 10], [0, 12]], [[0, 10], [9, 1]], [[10, 0], [0, 10]],
    [[8, 2], [1, 5]], [[12, 988], [31, 969]], [[500, 99_500], [612, 99_388]], [[5_000, 495_000], [5_900, 494_100]],
    [[250_000, 250_000], [251_000, 249_000]], [[7, 49_993], [1, 949_999]], [[400, 600], [399, 601]],
    [[900, 100], [100, 900]],
]
fishers = [[table, *fisher(table)] for table in tables]

nct = [
    [t, df, ncp, number(noncentral_t(t, df, ncp))]
    for df in (1.0, 3.5, 12.0, 58.0, 4000.0)
    for t, ncp in ((2.0, 2.8), (12.7, 2.8), (0.0, 1.0), (-1.5, 0.3), (2.0, -4.0), (25.0, 3.0))
]

welch = []
for n, m in ((2, 3), (12, 5), (40, 300)):
    for scale in (1e-6, 1.0, 1e9):
        x = [round(drawn.gauss(3, 1), 4) * scale for _ in range(n)]
        y = [round(drawn.gauss(3.4, 2.5), 4) * scale for _ in range(m)]
        found = stats.ttest_ind(x, y, equal_var=False)
        interval = found.confidence_interval(0.9)
        welch.append({"x": x, "y": y, "t": found.statistic, "df": found.df, "p": found.pvalue, "ci90": [interval.low, interval.high]})

chi = []
for table in ([[10, 20, 30], [6, 9, 17]], [[90, 10], [70, 30]], [[1, 2], [3, 400]], [[5, 7, 9, 11], [8, 8, 8, 8], [40, 2, 1, 1]]):
    plain = stats.chi2_contingency(table, correction=False)
    entry = {"table": table, "statistic": plain.statistic, "df": int(plain.dof), "p": plain.pvalue, "expectedMin": plain.expected_freq.min()}
    if len(table) == 2 and len(table[0]) == 2:
        yates = stats.chi2_contingency(table, correction=True)
        entry |= {"yates": yates.statistic, "pYates": yates.pvalue}
    chi.append(entry)

shares = [
    [x, n, confidence, list(proportion_confint(x, n, 1 - confidence, "wilson")), list(proportion_confint(x, n, 1 - confidence, "beta"))]
    for x, n in ((0, 20), (1, 20), (10, 20), (20, 20), (81, 263), (3, 1_000_000), (999_999, 1_000_000))
    for confidence in (0.8, 0.95, 0.999)
]

newcombes = [
    [*row, list(confint_proportions_2indep(*row, method="newcomb", compare="diff", alpha=0.05))]
    for row in ((56, 70, 48, 80), (9, 10, 3, 10), (0, 10, 0, 20), (10, 10, 0, 20), (45, 500, 70, 500), (5000, 100_000, 5100, 90_000))
]

p_values = [round(drawn.random() ** 3, 5) for _ in range(12)] + [0.2, 0.2, 0.0, 1.0]
multiple = {
    "p": p_values,
    "holm": list(multipletests(p_values, method="holm")[1]),
    "bh": list(multipletests(p_values, method="fdr_bh")[1]),
}



def power_of_means(n, effect, alpha, strict):
    df = 2 * (n - 1)
    critical = stats.t.isf(alpha / 2, df)
    shift = effect * (n / 2) ** 0.5
    return stats.nct.sf(critical, df, shift) + (stats.nct.sf(critical, df, -shift) if strict else 0)


# statsmodels' own solver stops at six digits.
means = [
    [effect, alpha, power, strict, brentq(lambda n: power_of_means(n, effect, alpha, strict) - power, 2, 1e6, xtol=1e-12, rtol=1e-14)]
    for effect, alpha, power in ((0.2, 0.05, 0.8), (0.5, 0.01, 0.9), (1.5, 0.1, 0.8), (0.01, 0.05, 0.95))
    for strict in (False, True)
]

intraclass = []
for shift in (0.0, 50.0):
    units = [[round(drawn.gauss(centre, 1.5) + shift, 3) for _ in range(drawn.randint(1, 9))] for centre in (drawn.gauss(0, 1) for _ in range(15))]
    rows = {"y": [y for unit in units for y in unit], "unit": [str(i) for i, unit in enumerate(units) for _ in unit]}
    table = anova_lm(ols("y ~ C(unit)", rows).fit())
    between, within = table["mean_sq"]
    count = numpy.array([len(unit) for unit in units])
    typical = (count.sum() - (count**2).sum() / count.sum()) / (len(units) - 1)
    intraclass.append({"units": units, "icc": float((between - within) / (between + (typical - 1) * within))})

out = {
    "fisher": fishers, "noncentralT": nct, "welch": welch, "chiSquared": chi, "shares": shares, "newcombe": newcombes,
    "multiple": multiple, "sampleSizeMeans": means, "intraclass": intraclass,
}


def plain(value):
    if isinstance(value, (list, tuple)):
        return [plain(part) for part in value]
    if isinstance(value, dict):
        return {name: plain(part) for name, part in value.items()}
    return value if isinstance(value, int) else float(value)


target = pathlib.Path(__file__).parent.parent / "vectors" / "plain-tests.json"
blocks = []
for name, rows in plain(out).items():
    text = ",\n".join(f"    {json.dumps(row)}" for row in rows) if isinstance(rows, list) else None
    blocks.append(f'  "{name}": [\n{text}\n  ]' if text else f'  "{name}": {json.dumps(rows)}')
target.write_text("{\n" + ",\n".join(blocks) + "\n}\n")

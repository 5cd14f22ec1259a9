"""Made with Python 3, numpy 2.4.6, scipy 1.17.1, statsmodels 0.15.0: reference values for ratios, quantiles, history and strata.

Run from the root of the repository; writes test/vectors/units.json. Every value comes from another route than ours: regressions
with clustered errors, t tests on values that were adjusted one by one, and ratios with each unit left out in turn.
"""

import json

import numpy as np
import statsmodels.api as sm
from scipy import stats

rng = np.random.default_rng(20180823)


def arm(units, rate, icc_shape=4.0):
    counts = 1 + rng.poisson(6, units)
    own = rng.beta(rate * icc_shape, (1 - rate) * icc_shape, units)
    return rng.binomial(counts, own).astype(float), counts.astype(float)


def regression(sums, counts, arms):
    """Weighted least squares of the unit's ratio; robust errors are the delta method before its n / (n - 1)."""
    design = np.eye(max(arms) + 1)[arms]
    return sm.WLS(sums / counts, design, weights=counts)


def ratio_case():
    (s_t, n_t), (s_c, n_c) = arm(57, 0.4), arm(48, 0.3)
    arms = np.array([0] * 57 + [1] * 48)
    model = regression(np.r_[s_t, s_c], np.r_[n_t, n_c], arms).fit(cov_type="HC0")
    v_t, v_c = np.diag(model.cov_params()) * np.array([57 / 56, 48 / 47])
    r_t, r_c = model.params
    return {
        "treatment": [s_t.tolist(), n_t.tolist()],
        "control": [s_c.tolist(), n_c.tolist()],
        "difference": judged(r_t - r_c, [(v_t, 56), (v_c, 47)]),
        "logLift": judged(np.log(r_t / r_c), [(v_t / r_t**2, 56), (v_c / r_c**2, 47)]),
        "jackknifeVariance": [jackknife(s_t, n_t), jackknife(s_c, n_c)],
    }


def judged(value, parts, confidence=0.95):
    variance = sum(v for v, _ in parts)
    df = variance**2 / sum(v**2 / d for v, d in parts)
    low, high = stats.t.interval(confidence, df, value, np.sqrt(variance))
    p = 2 * stats.t.sf(abs(value) / np.sqrt(variance), df)
    return {"value": value, "standardError": np.sqrt(variance), "df": df, "low": low, "high": high, "pValue": p}


def jackknife(sums, counts):
    n = len(sums)
    kept = [np.delete(sums, i).sum() / np.delete(counts, i).sum() for i in range(n)]
    return (n - 1) * np.var(kept)


def strata_case():
    """Three strata of 30 units an arm, most units in several of them and some in both arms; equal sizes, so one n / (n - 1)."""
    strata, rows = [], []
    for stratum, (rate, effect) in enumerate([(0.3, 0.1), (0.5, 0.05), (0.2, 0.12)]):
        units = rng.permutation(80)[:60]
        pair = {}
        for name, ids, lift in (("treatment", units[:30], effect), ("control", units[30:], 0)):
            sums, counts = arm(30, rate + lift)
            pair[name] = {"sums": sums.tolist(), "counts": counts.tolist(), "units": ids.tolist()}
            column = 2 * stratum + (name == "control")
            rows += [(s, n, u, column) for s, n, u in zip(sums, counts, ids)]
        strata.append(pair)
    sums, counts, units, columns = map(np.array, zip(*rows))
    model = regression(sums, counts, columns.astype(int))
    fit = model.fit(cov_type="cluster", cov_kwds={"groups": units.astype(int), "use_correction": False})
    contrast = np.array([1, -1, 1, -1, 1, -1]) / 3
    variance = contrast @ fit.cov_params() @ contrast * 30 / 29
    return {"unitCount": 80, "strata": strata, "value": contrast @ fit.params, "standardError": np.sqrt(variance)}


def history_case():
    x_t, x_c = rng.normal(5, 2, 70), rng.normal(5, 2, 90)
    y_t, y_c = 1.3 * x_t + rng.normal(0.7, 1.5, 70), 1.3 * x_c + rng.normal(0, 1.5, 90)
    x_t[rng.random(70) < 0.2] = np.nan
    x_c[rng.random(90) < 0.2] = np.nan
    mean = np.nanmean(np.r_[x_t, x_c])
    z_t, z_c = np.where(np.isnan(x_t), mean, x_t), np.where(np.isnan(x_c), mean, x_c)
    y, x, is_t = np.r_[y_t, y_c], np.r_[z_t, z_c], np.r_[np.ones(70), np.zeros(90)]
    theta = sm.OLS(y, np.column_stack([np.ones(160), is_t, x])).fit().params[2]
    a_t, a_c = y_t - theta * (z_t - x.mean()), y_c - theta * (z_c - x.mean())
    test = stats.ttest_ind(a_t, a_c, equal_var=False)
    low, high = test.confidence_interval(0.95)
    plain = y_t.var(ddof=1) / 70 + y_c.var(ddof=1) / 90
    within = np.r_[y_t - y_t.mean(), y_c - y_c.mean()], np.r_[z_t - z_t.mean(), z_c - z_c.mean()]
    return {
        "treatment": {"y": y_t.tolist(), "x": gaps(x_t)},
        "control": {"y": y_c.tolist(), "x": gaps(x_c)},
        "theta": theta,
        "value": a_t.mean() - a_c.mean(),
        "df": test.df,
        "t": test.statistic,
        "pValue": test.pvalue,
        "low": low,
        "high": high,
        "correlation": stats.pearsonr(*within).statistic,
        "varianceReduction": 1 - (a_t.var(ddof=1) / 70 + a_c.var(ddof=1) / 90) / plain,
    }


def gaps(values):
    return [None if np.isnan(v) else v for v in values]


def quantile_case():
    units = np.repeat(np.arange(40), 1 + rng.poisson(9, 40))
    values = np.round(np.exp(rng.normal(0, 0.6, 40)[units] + rng.normal(0, 0.8, len(units))), 3)
    p, n = 0.9, len(values)
    value = np.quantile(values, p, method="inverted_cdf")
    below = (values < value) + (values == value) * (n * p - (values < value).sum()) / (values == value).sum()
    # The variance of a mean of requests with clustered errors, by regression on a constant.
    fit = sm.OLS(below, np.ones(n)).fit(cov_type="cluster", cov_kwds={"groups": units, "use_correction": False})
    reach = stats.t.isf(0.025, 39) * np.sqrt(fit.cov_params()[0, 0] * 40 / 39)
    inside = np.sort(values)
    low, high = inside[int(np.ceil(n * (p - reach))) - 1], inside[int(np.floor(n * (p + reach)))]
    error = (high - low) / (2 * stats.t.isf(0.025, 39))
    return {"p": p, "values": values.tolist(), "units": units.tolist(), "value": value, "low": low, "high": high, "standardError": error}


cases = {"ratio": ratio_case(), "strata": strata_case(), "history": history_case(), "quantile": quantile_case()}


def plain(one):
    return float(one) if isinstance(one, np.floating) else one


with open("test/vectors/units.json", "w") as file:
    json.dump(json.loads(json.dumps(cases, default=plain)), file, separators=(",", ":"))
    file.write("\n")

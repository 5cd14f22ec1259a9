"""Made with Python 3, numpy 2.4.6, scipy 1.17.1, statsmodels 0.15.0, pandas: a whole report, from the rows and by other routes than ours.

Run from the root of the repository, after `node test/reference/report-facts.ts`; reads test/vectors/report-requests.csv and
report-outcomes.csv, writes test/vectors/report.json. Ratios are weighted regressions with errors clustered by unit, plain tests are
scipy's, the sequence is written down from docs and papers, quantiles' sequences try every pair of ranks.
"""

import json
import math

import numpy as np
import pandas as pd
import statsmodels.api as sm
from scipy import stats
from scipy.special import betaln, gammaln
from statsmodels.stats.multitest import multipletests

ALPHA, PLANNED = 0.05, 1000
NOW = 15 * 24 * 60
CONTROL, TREATMENTS = "control", ["warm", "terse"]
SHARES = {"p1": (0.5, 0.25, 0.25), "p2": (0.4, 0.3, 0.3), "p2!terse": (0.4, 0.3, 0.3)}
KILLED = {"p1": [], "p2": [], "p2!terse": ["terse"]}
EXPOSED, SUCCESS, ERROR, FALLBACK, REFUSAL, CANCELLED = 1, 2, 4, 8, 16, 128
FIRST_EVALUATED, FIRST_PASSED = 512, 1024

requests = pd.read_csv("test/vectors/report-requests.csv", keep_default_na=False, na_values=[""])
outcomes = pd.read_csv("test/vectors/report-outcomes.csv", keep_default_na=False, na_values=[""])
exposed = requests[requests.bits & EXPOSED > 0].copy()
exposed["costUsd"] = exposed.costMillionths / 1e6
requests["costUsd"] = requests.costMillionths / 1e6
cell_keys = ["phase", "assigned", "unit"]
starts = exposed.groupby(cell_keys).minute.min()
unit_start = exposed.groupby("unit").minute.min()


def bit(flag):
    return lambda rows: ((rows.bits & flag) > 0).astype(float).where((rows.bits & CANCELLED) == 0)


def waited(rows):
    return rows.latencyMs.astype(float).where((rows.bits & CANCELLED) == 0)


VALUES = {
    "success_rate": bit(SUCCESS),
    "error_rate": bit(ERROR),
    "fallback_rate": bit(FALLBACK),
    "refusal_rate": bit(REFUSAL),
    "schema_pass_first_rate": lambda rows: bit(FIRST_PASSED)(rows).where((rows.bits & FIRST_EVALUATED) > 0),
    "latency": waited,
    "latency_log": lambda rows: np.log(waited(rows)),
    "first_chunk": lambda rows: rows.firstChunkMs,
    "output_tokens": lambda rows: rows.outputTokens,
    "cost": lambda rows: rows.costUsd,
    "cost_per_session": lambda rows: rows.costUsd.where(rows.session > 0),
}
SHARE = {"success_rate", "error_rate", "fallback_rate", "refusal_rate", "schema_pass_first_rate", "resolved", "thumbs", "correct"}
CAPPED = {"latency", "first_chunk", "output_tokens", "cost", "cost_per_session"}
LOWER = {"error_rate", "fallback_rate", "refusal_rate", "latency", "latency_log", "first_chunk", "output_tokens", "cost", "cost_per_session", "latency_p95"}
GOALS = ["resolved", "csat"]
GUARDRAILS = {"error_rate": ("absolute", 0.03), "latency": ("relative", 0.2), "latency_log": ("relative", 0.1), "latency_p95": ("relative", 0.3), "cost": ("relative", 0.5)}


def cap_of(values):
    """The 99.9th percentile as a value that was seen; the greatest where that is the least."""
    ordered = np.sort(values)
    cap = ordered[max(1, math.ceil(round(0.999 * len(ordered), 9))) - 1]
    return cap if cap > ordered[0] else ordered[-1]


def cells_of_requests(name):
    rows = exposed.assign(value=VALUES[name](exposed)).dropna(subset=["value"])
    cap = cap_of(rows.value) if name in CAPPED else np.inf
    rows["raw"], rows["value"] = rows.value, rows.value.clip(upper=cap)
    grouped = rows.sort_values("row").groupby(cell_keys)
    table = pd.DataFrame({"s": grouped.value.sum(), "n": grouped.value.size().astype(float), "raw": grouped.raw.sum(), "first": grouped.value.first()})
    if name == "cost_per_session":
        told = exposed[exposed.session > 0].drop_duplicates(["session", "phase"])
        table["n"] = told.groupby(cell_keys).size().reindex(table.index).fillna(0.0)
        table["first"] = table.s / table.n
    return table.reset_index(), rows, cap


OUTCOMES = {
    # name: (per, combine, window in minutes, cap, default cap)
    "resolved": ("outcome", "last", None, None, False),
    "thumbs": ("request", "last", 1440, None, False),
    "revenue": ("outcome", "sum", None, None, True),
    "spend": ("unit", "sum", None, 40, True),
    "csat": ("outcome", "mean", 2880, None, False),
    "quality": ("outcome", "max", None, None, False),
    "correct": ("outcome", "first", None, None, False),
    "visits": ("unit", "sum", None, None, True),
}
CATEGORIES = {"good": 1.0, "so_so": 0.5, "bad": 0.0}


def cell_at(unit, at):
    mine = [(start, key) for key, start in starts_by_unit.get(unit, []) if start <= at]
    return max(mine)[1] if mine else None


starts_by_unit = {}
for key, start in starts.items():
    starts_by_unit.setdefault(key[2], []).append((key, start))
session_unit = requests[requests.session > 0].groupby("session").unit.last()
by_row = requests.set_index("row")


def number_of(row):
    if row.metric == "correct":
        return np.nan if pd.isna(row.label) or pd.isna(row.prediction) else float(row.label == row.prediction)
    if not pd.isna(row.category):
        return CATEGORIES.get(row.category, np.nan)
    return row.value


def cells_of_outcomes(name):
    per, combine, window, cap, has_default = OUTCOMES[name]
    told = []
    for row in outcomes[outcomes.metric == name].itertuples():
        value = number_of(row)
        if np.isnan(value):
            continue
        if not pd.isna(row.request):
            request = by_row.loc[int(row.request)]
            if not request.bits & EXPOSED:
                continue
            key, anchor, subject = (request.phase, request.assigned, request.unit), request.minute, ("r", row.request)
        else:
            unit = row.unit if pd.isna(row.session) else session_unit.get(row.session)
            key = cell_at(unit, row.minute)
            if key is None:
                continue
            anchor, subject = starts[key], ("s", row.session, key) if pd.isna(row.unit) else ("u", key)
        if window is not None and (row.minute > anchor + window or NOW < anchor + window):
            continue
        told.append((*key, subject, row.minute, row.row, value))
    rows = pd.DataFrame(told, columns=[*cell_keys, "subject", "minute", "row", "value"])
    how = {"last": "last", "first": "first", "sum": "sum", "max": "max", "mean": "mean"}[combine]
    grouped = rows.sort_values(["minute", "row"]).groupby([*cell_keys, "subject"], sort=False)
    subjects = pd.DataFrame({"value": grouped.value.agg(how), "began": grouped.row.min()}).reset_index()
    subjects["raw"] = subjects.value
    if per != "unit" and has_default:
        subjects["value"] = subjects.value.clip(upper=cap_of(subjects.value))
    cells = subjects.sort_values("began").groupby(cell_keys)
    table = pd.DataFrame({"s": cells.value.sum(), "n": cells.value.size().astype(float), "raw": cells.raw.sum(), "first": cells.value.first()})
    is_closed = lambda at: window is None or at + window <= NOW
    if per == "request":
        closed = exposed[exposed.minute.map(is_closed)]
        sizes = closed.groupby(cell_keys).size()
        table = table.reindex(sizes.index).fillna(0.0)
        table["n"] = sizes.astype(float)
        firsts = closed.sort_values("row").groupby(cell_keys).row.first()
        given = {subject[1]: value for subject, value in zip(subjects.subject, subjects.value)}
        table["first"] = firsts.map(lambda row: given.get(float(row), 0.0)).reindex(table.index)
    if per == "unit":
        units = starts[starts.map(is_closed)]
        table = table.reindex(units.index).fillna(0.0)
        table["n"] = 1.0
        top = cap if cap is not None else cap_of(table.s)
        table["s"] = table.s.clip(upper=top)
        table["first"] = table.s
    return table.reset_index(), subjects


# ---- estimates


def weights_of(strata):
    raw = np.array([t * c / (t + c) for t, c in strata])
    return raw / raw.sum()


def influence_route(table, treatment, phases, served=None):
    """Weighted least squares of ratios on an indicator for each phase and arm, errors clustered by unit."""
    arm = "assigned" if served is None else "served"
    used = []
    for phase in phases:
        parts = [table[(table.phase == phase) & (table[arm] == v) & (table.n > 0)] for v in (treatment, CONTROL)]
        if min(map(len, parts)) > 1:
            used.append(parts)
    if not used:
        return None
    weights = weights_of([(len(t), len(c)) for t, c in used])
    columns, frames, contrast, correction = 0, [], [], []
    for weight, parts in zip(weights, used):
        for part, sign in zip(parts, (1, -1)):
            frames.append(part.assign(column=columns))
            contrast.append(sign * weight)
            correction.append(len(part) / (len(part) - 1))
            columns += 1
    rows = pd.concat(frames)
    design = np.eye(columns)[rows.column]
    model = sm.WLS((rows.s / rows.n).to_numpy(), design, weights=rows.n.to_numpy()).fit()
    contrast = np.array(contrast)
    value = contrast @ model.params
    # Each arm has a correction of its own, so scores are scaled before they are summed by unit.
    scores = design * (rows.n.to_numpy() * model.resid)[:, None] @ np.diag(np.sqrt(correction))
    bread = np.linalg.inv(design.T @ (design * rows.n.to_numpy()[:, None]))
    lines = pd.DataFrame(scores @ bread @ contrast[:, None], columns=["u"]).assign(unit=rows.unit.to_numpy())
    variance = (lines.groupby("unit").u.sum() ** 2).sum()
    plain = model.get_robustcov_results("cluster", groups=rows.unit.to_numpy(), use_correction=False)
    assert abs(plain.cov_params() - bread @ (design * (rows.n.to_numpy() * model.resid)[:, None]).T @ np.equal.outer(rows.unit.to_numpy(), rows.unit.to_numpy()) @ (design * (rows.n.to_numpy() * model.resid)[:, None]) @ bread).max() < 1e-9 * abs(plain.cov_params()).max()
    # Satterthwaite with units as parts: a unit's expected square is that of its arm and stratum, added up where it has several.
    spread, most = {}, {}
    for index, (part, k) in enumerate(zip(frames, correction)):
        own = lines.u.to_numpy()[rows.column.to_numpy() == index]
        for unit in part.unit:
            spread[unit] = spread.get(unit, 0) + math.sqrt((own**2).mean())
            most[unit] = max(most.get(unit, 0), k)
    squares = np.array([spread[u] ** 2 for u in spread])
    parts = squares / squares.sum()
    df = 1 / (parts**2 * np.array([most[u] for u in spread])).sum()
    means = [p.s.sum() / p.n.sum() for pair in used for p in pair]
    return {"value": value, "se": math.sqrt(variance), "df": df, "units": rows.unit.nunique(), "used": used, "weights": weights,
            "control": sum(w * c for w, c in zip(weights, means[1::2]))}


def jackknife(part):
    s, n = part.s.to_numpy(), part.n.to_numpy()
    left = (s.sum() - s) / (n.sum() - n)
    return s.sum() / n.sum(), (len(s) - 1) * left.var(), len(s)


def effect_of(name, table, treatment, phases, served=None):
    found = influence_route(table, treatment, phases, served)
    if found is None:
        return None
    if len(found["used"]) == 1 and served is None:
        t, c = found["used"][0]
        if min(len(t), len(c)) < 40:
            (rt, vt, nt), (rc, vc, nc) = jackknife(t), jackknife(c)
            df = (vt + vc) ** 2 / (vt**2 / (nt - 1) + vc**2 / (nc - 1)) if vt + vc > 0 else 1
            found.update(value=rt - rc, se=math.sqrt(vt + vc), df=df)
    if name in SHARE:
        variance = 0
        for weight, pair in zip(found["weights"], found["used"]):
            for part in pair:
                p, n = (part.s.sum() + 1) / (part.n.sum() + 2), part.n.sum() + 2
                variance += weight**2 * p * (1 - p) / n
        floor = math.sqrt(variance)
        if floor > found["se"]:
            found.update(se=floor, df=max(found["df"], found["units"] - 2) if found["se"] > 0 else found["units"] - 2)
    return found


def sequence_of(effect, alpha=ALPHA):
    """Lindon, Ham, Tingley and Bojinov 2022: the t form, for there are fewer than 1,000 units."""
    value, se, df, n = (effect[k] for k in ("value", "se", "df", "units"))
    r2 = (-2 * math.log(alpha) + math.log(1 - 2 * math.log(alpha))) / PLANNED
    g = 1 / r2
    T = g / (g + n)
    P = (T * alpha**2) ** (1 / (df + 1))
    radius = math.inf if P <= T else math.sqrt(df * (1 - P) / (P - T))
    t2 = (value / se) ** 2
    e = math.sqrt(T) * ((1 + t2 / df) / (1 + T * t2 / df)) ** ((df + 1) / 2)
    return {"value": value, "standardError": se, "df": df, "low": value - radius * se, "high": value + radius * se, "pValue": min(1, 1 / e)}


def fixed_of(effect):
    value, se, df = (effect[k] for k in ("value", "se", "df"))
    low, high = stats.t.interval(1 - ALPHA, df, value, se)
    return {"low": low, "high": high, "pValue": 2 * stats.t.sf(abs(value) / se, df)}


def plain_of(name, table, treatment, phase):
    t, c = (table[(table.phase == phase) & (table.assigned == v) & (table.n > 0)]["first"] for v in (treatment, CONTROL))
    if name in SHARE:
        counts = [[t.sum(), len(t) - t.sum()], [c.sum(), len(c) - c.sum()]]
        if min(np.sum(counts, 0)) > 0:
            chi, p, _, expected = stats.chi2_contingency(counts, correction=False)
            if expected.min() >= 5:
                return {"method": "chi_squared", "statistic": chi, "pValue": p}
        return {"method": "fisher", "statistic": None, "pValue": stats.fisher_exact(np.array(counts).astype(int))[1]}
    found = stats.ttest_ind(t, c, equal_var=False)
    return {"method": "welch", "statistic": found.statistic, "pValue": found.pvalue}


def bayes_of(name, effect):
    value = -effect["value"] if name in LOWER else effect["value"]
    z = value / effect["se"]
    return {"chanceBetter": stats.norm.cdf(z), "expectedLoss": effect["se"] * (stats.norm.pdf(z) - z * stats.norm.sf(z))}


def cuped_of(name, table, treatment, phase):
    before = requests[(requests.bits & EXPOSED == 0)].copy()
    before = before[before.minute < before.unit.map(unit_start).fillna(-np.inf)]
    history = before.assign(x=VALUES[name](before)).groupby("unit").x.mean()
    arms = []
    for v in (treatment, CONTROL):
        part = table[(table.phase == phase) & (table.assigned == v) & (table.n > 0)]
        ratio = part.s.sum() / part.n.sum()
        arms.append((ratio + (part.s - ratio * part.n) / part.n.mean(), part.unit.map(history)))
    known = pd.concat([x for _, x in arms])
    if known.notna().sum() < 40:
        return None
    arms = [(y, x.fillna(known.mean())) for y, x in arms]
    design = np.concatenate([x - x.mean() for _, x in arms])
    theta = (design * np.concatenate([y for y, _ in arms])).sum() / (design**2).sum()
    adjusted = [y - theta * x for y, x in arms]
    found = stats.ttest_ind(*adjusted, equal_var=False)
    se = math.sqrt(sum(a.var(ddof=1) / len(a) for a in adjusted))
    reduction = 1 - se**2 / sum(y.var(ddof=1) / len(y) for y, _ in arms)
    interval = found.confidence_interval(1 - ALPHA)
    return {"value": adjusted[0].mean() - adjusted[1].mean(), "standardError": se, "low": interval.low, "high": interval.high,
            "pValue": found.pvalue, "varianceReduction": reduction}


def intraclass_of(values, treatment, phase):
    """Analysis of variance of units within arms, by regression sums of squares."""
    rows = values[(values.phase == phase) & values.assigned.isin([treatment, CONTROL])]
    own = rows.groupby(["assigned", "unit"]).value
    arm = rows.groupby("assigned").value.transform("mean")
    within = ((rows.value - own.transform("mean")) ** 2).sum()
    between = ((own.transform("mean") - arm) ** 2).sum()
    units, n, arms = own.ngroups, len(rows), rows.assigned.nunique()
    if n <= units:
        return None
    msb, msw = between / (units - arms), within / (n - units)
    sizes = own.size()
    m0 = (n - (sizes**2).groupby("assigned").sum().div(sizes.groupby("assigned").sum()).sum()) / (units - arms)
    return (msb - msw) / (msb + (m0 - 1) * msw)


def margin_of(name, control):
    kind, value = GUARDRAILS[name]
    if kind == "absolute":
        return value
    return math.log1p(value) if name == "latency_log" else value * abs(control)


def arms_of(name, table):
    found = {}
    for v in (CONTROL, *TREATMENTS):
        part = table[(table.assigned == v) & (table.n > 0)]
        units = part.groupby("unit")[["s", "n"]].sum()
        ratio = units.s.sum() / units.n.sum()
        residual = units.s - ratio * units.n
        half = stats.norm.ppf(0.975) * math.sqrt(residual.var(ddof=1) / len(units)) / units.n.mean()
        is_log = name == "latency_log"
        value = math.exp(ratio) if is_log else ratio
        found[v] = {"units": len(units), "n": units.n.sum(), "value": value, "halfWidth": value * math.expm1(half) if is_log else half,
                    "uncapped": part.raw.sum() / part.n.sum()}
    return found


def metric(name):
    values = subjects = None
    if name in VALUES:
        table, values, cap = cells_of_requests(name)
    else:
        table, subjects = cells_of_outcomes(name)
        if OUTCOMES[name][0] == "outcome":
            values = subjects
    found = {"arms": arms_of(name, table), "comparisons": {}}
    for treatment in TREATMENTS:
        phases = [p for p in SHARES if treatment not in KILLED[p]]
        effect = effect_of(name, table, treatment, phases)
        one = {"sequence": sequence_of(effect), "fixed": fixed_of(effect), "plain": plain_of(name, table, treatment, phases[-1]), "bayes": bayes_of(name, effect)}
        one["perPhase"] = {p: sequence_of(e) if (e := effect_of(name, table, treatment, [p])) is not None and e["se"] > 0 else None for p in phases}
        s = one["sequence"]
        if name == "latency_log":
            one["lift"] = [math.expm1(s[k]) for k in ("value", "low", "high")]
        else:
            one["lift"] = [s[k] / abs(effect["control"]) for k in ("value", "low", "high")]
        if name in GUARDRAILS:
            margin = margin_of(name, effect["control"])
            strict = sequence_of(effect, ALPHA / len(GUARDRAILS))
            one["guardrail"] = {"margin": margin, "isNonInferior": s["high"] < margin, "isHarmed": strict["low"] > 0 and not s["high"] < margin}
        if name in GUARDRAILS or name in GOALS:
            if name in VALUES:
                one["cuped"] = cuped_of(name, table, treatment, phases[-1])
                treated = values.groupby(["phase", "assigned", "served", "unit"]).value.agg(["sum", "size"]).reset_index()
                treated = treated.rename(columns={"sum": "s", "size": "n"}).astype({"n": float})
                one["asTreated"] = sequence_of(effect_of(name, treated, treatment, phases, served=True))
            one["intraclass"] = intraclass_of(values, treatment, phases[-1])
        found["comparisons"][treatment] = one
    return found


# ---- quantiles


def mixture(n, p, alpha):
    twice = -2 * math.log(alpha)
    weight = max(max(1, round(PLANNED / 3)) / (twice + math.log1p(twice)) - 1, 1e-3)
    a, b, k = weight * p, weight * (1 - p), np.arange(n + 1)
    return betaln(a + k, b + n - k) - betaln(a, b) - k * math.log(p) - (n - k) * math.log1p(-p)


def quantile_sequence(t, c, p, alpha=ALPHA):
    t, c = np.sort(t), np.sort(c)
    et, ec = mixture(len(t), p, alpha), mixture(len(c), p, alpha)
    allowed = et[:, None] + ec[None, :] < -math.log(alpha)
    low_t, high_t = np.r_[-np.inf, t], np.r_[t, np.inf]
    low_c, high_c = np.r_[-np.inf, c], np.r_[c, np.inf]
    low = np.min((low_t[:, None] - high_c[None, :])[allowed])
    high = np.max((high_t[:, None] - low_c[None, :])[allowed])
    least = min(et[np.sum(t < x) : np.sum(t <= x) + 1].min() + ec[np.sum(c < x) : np.sum(c <= x) + 1].min() for x in np.r_[t, c])
    rank = lambda v: v[math.ceil(round(len(v) * p, 9)) - 1]
    return {"value": rank(t) - rank(c), "low": low, "high": high, "pValue": min(1, math.exp(-least))}


def clustered_quantile(values, units, p):
    n, ordered = len(values), np.sort(values)
    rank = math.ceil(round(n * p, 9))
    q = ordered[rank - 1]
    below, ties = (values < q).sum(), (values == q).sum()
    share = np.where(values < q, 1.0, np.where(values == q, (n * p - below) / ties, 0.0)) - p
    excess = pd.Series(share).groupby(np.asarray(units)).sum()
    k = len(excess)
    reach = stats.t.ppf(0.975, k - 1) * math.sqrt(k / (k - 1) * (excess**2).sum()) / n
    low, high = min(rank, math.ceil(n * (p - reach))), max(rank, math.floor(n * (p + reach)) + 1)
    if high > n:
        return None
    low, high = ordered[low - 1], ordered[high - 1]
    return {"value": q, "halfWidth": (high - low) / 2, "se": (high - low) / (2 * stats.t.ppf(0.975, k - 1)), "units": k, "n": n}


def quantile_metric(p, phase="p2"):
    rows = exposed.assign(value=waited(exposed)).dropna(subset=["value"]).sort_values("row")
    rows = rows[rows.phase == phase]
    arm = lambda v: rows[rows.assigned == v]
    own = {v: clustered_quantile(arm(v).value.to_numpy(), arm(v).unit.to_numpy(), p) for v in (CONTROL, *TREATMENTS)}
    found = {"arms": own, "comparisons": {}}
    firsts = lambda v: arm(v).groupby("unit").value.first().to_numpy()
    for treatment in TREATMENTS:
        one = {"sequence": quantile_sequence(firsts(treatment), firsts(CONTROL), p)}
        t, c = own[treatment], own[CONTROL]
        if t is not None and c is not None:
            parts = [(x["se"] ** 2, x["units"] - 1) for x in (t, c)]
            se = math.sqrt(parts[0][0] + parts[1][0])
            df = se**4 / sum(v**2 / d for v, d in parts)
            one["fixed"] = fixed_of({"value": t["value"] - c["value"], "se": se, "df": df})
        found["comparisons"][treatment] = one
    return found


# ---- soundness


def sample_ratio(phase):
    ids = [(v, s) for v, s in zip((CONTROL, *TREATMENTS), SHARES[phase])]
    units = exposed[exposed.phase == phase].groupby("assigned").unit.nunique()
    observed = np.array([units.get(v, 0) for v, _ in ids], dtype=float)
    shares = np.array([s for _, s in ids]) / sum(s for _, s in ids)
    found = stats.chisquare(observed, observed.sum() * shares)
    n, prior = observed.sum(), 100 * shares
    log = gammaln(100) - gammaln(100 + n) + (gammaln(prior + observed) - gammaln(prior)).sum() - (observed * np.log(shares)).sum()
    return {"observed": dict(zip([v for v, _ in ids], observed)), "pValue": found.pvalue, "logBayesFactor": log}


def answered_requests(table, phase, variant):
    """Answers over requests of an arm by unit: value, variance by the influence of each unit, units."""
    met = exposed[(exposed.phase == phase) & (exposed.assigned == variant)].groupby("unit").size()
    own = table[(table.phase == phase) & (table.assigned == variant)]
    told = own.groupby("unit").n.sum().reindex(met.index, fill_value=0)
    ratio, n = told.sum() / met.sum(), len(met)
    influence = (told - ratio * met) / met.mean()
    return ratio, influence.var(ddof=1) / n, n


def loss(name):
    table, _ = cells_of_outcomes(name)
    worst, tested = 1, 0
    for phase in SHARES:
        ids = [v for v in TREATMENTS if v not in KILLED[phase]] if CONTROL not in KILLED[phase] else []
        control = answered_requests(table, phase, CONTROL)
        for v in ids:
            arm = answered_requests(table, phase, v)
            if min(arm[2], control[2]) < 40 or arm[1] + control[1] == 0:
                continue
            total = arm[1] + control[1]
            df = total**2 / (arm[1] ** 2 / (arm[2] - 1) + control[1] ** 2 / (control[2] - 1))
            t = abs(arm[0] - control[0]) / math.sqrt(total)
            tested, worst = tested + 1, min(worst, 2 * stats.t.sf(t, df))
    for phase in SHARES:
        ids = [v for v in (CONTROL, *TREATMENTS) if v not in KILLED[phase]]
        told = [(table[(table.phase == phase) & (table.assigned == v)].n > 0).sum() for v in ids]
        met = [exposed[(exposed.phase == phase) & (exposed.assigned == v)].unit.nunique() for v in ids]
        counts = np.array([[a, m - a] for a, m in zip(told, met)])
        if min(counts.sum(0)) == 0:
            continue
        _, p, _, expected = stats.chi2_contingency(counts, correction=False)
        if expected.min() >= 5:
            tested, worst = tested + 1, min(worst, p)
    return min(1, worst * tested) if tested else None


metrics = {name: metric(name) for name in [*VALUES, *OUTCOMES]}
metrics["latency_p50"], metrics["latency_p95"] = quantile_metric(0.5), quantile_metric(0.95)
family = lambda names: [(name, v, metrics[name]["comparisons"][v]["sequence"]["pValue"]) for name in names for v in TREATMENTS]
goals = family(GOALS)
watched = family([name for name in metrics if name not in GOALS and name not in GUARDRAILS])
result = {
    "metrics": metrics,
    "holm": [[n, v, p] for (n, v, _), p in zip(goals, multipletests([p for *_, p in goals], method="holm")[1])],
    "falseDiscovery": [[n, v, p] for (n, v, _), p in zip(watched, multipletests([p for *_, p in watched], method="fdr_bh")[1])],
    "sampleRatio": {phase: sample_ratio(phase) for phase in SHARES},
    "loss": {name: loss(name) for name in GOALS},
    "units": {v: int(exposed[exposed.assigned == v].unit.nunique()) for v in (CONTROL, *TREATMENTS)},
    "allUnits": int(exposed.unit.nunique()),
}


def finite(value):
    """JSON has no infinity."""
    if isinstance(value, dict):
        return {k: finite(v) for k, v in value.items()}
    if isinstance(value, (list, tuple)):
        return [finite(v) for v in value]
    if isinstance(value, (bool, np.bool_)):
        return bool(value)
    if isinstance(value, (int, np.integer)):
        return int(value)
    if isinstance(value, (float, np.floating)):
        return float(value) if math.isfinite(value) else None
    return value


with open("test/vectors/report.json", "w") as file:
    json.dump(finite(result), file)
    file.write("\n")

"""A made-up population in the 65 columns of the March 2026 release, with its blanks, redactions and spellings."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from functools import cache, cached_property

import numpy as np
import numpy.typing as npt
import pandas as pd

from analysis.load.reference import data_file, read_text_table

from .population import NAMED, NEVER, NEVER_DAY, Days, Numbers, World, day_number, margins, stream

Flags = npt.NDArray[np.bool_]
NEW_FORM_FROM, NEW_FORM_DAYS = date(2025, 5, 1), 60  # the form of May 2025 takes over within this time
ONE_METHOD_FROM = date(2025, 7, 28)  # from here on the CAP methods are written as custodial arrests
FORMS = (
    "I247A - Immigration Detainer - Immigration Detainer - Notice of Action",  # doubled, as ICE writes it
    "I247A - Immigration Detainer - Notice of Action (as of May 2025)",
    "I247N - Immigration Advisal - Request for Notification",
    "I247D - Immigration Detainer - Request for Action",
)
CRIMINALITY = ("1 Convicted Criminal", "2 Pending Criminal Charges", "3 Other Immigration Violator")
CONVICTED_UNNAMED = 0.16  # share of convicted among those with neither a named offence nor none
LIFT_DATE = "Detainer Lift Date"
REDACTED = {"Birth Date": "(b)(6), (b)(7)(c)", "EID DTA ID": "b(6), b(7)c"}
SENTENCES = {
    "MSC Sentence Days": (1, 2, 5, 10, 30, 60, 90, 180, 364),
    "MSC Sentence Months": (3, 6, 9, 12, 18, 24, 36),
    "MSC Sentence Years": (1, 2, 3, 5, 10),
}


def coded(values: Sequence[str] | pd.Index | pd.Series, codes: Days, blank: Flags | bool = False) -> pd.Categorical:
    """Turn codes into a category; a code of -1 and what ``blank`` says stay blank; a value may stand twice."""
    names, number = np.unique(np.asarray(values, dtype=str), return_inverse=True)
    return pd.Categorical.from_codes(np.where(blank, -1, np.append(number, -1)[codes]), names.astype(object))


def dated(days: Days | Numbers, blank: Flags | bool = False) -> pd.Series:
    """Turn days since 1970 into dates, a part of a day into a time of day to the minute."""
    seconds = np.floor(np.asarray(days, dtype=float) * 1440) * 60
    return pd.Series(np.where(blank, np.datetime64("NaT", "s"), seconds.astype(np.int64).astype("datetime64[s]")))


@cache
def own_values() -> dict[str, tuple[list[str], Numbers]]:
    """Read the values and weights of each column that is filled on its own."""
    path = data_file("reference/synthetic_margins/values.csv")
    table = read_text_table(path, ["column", "value", "weight"]).astype({"weight": float})
    return {str(name): (list(part["value"]), part["weight"].to_numpy()) for name, part in table.groupby("column")}


@dataclass(frozen=True)
class Form:
    """The rows that one extraction shows, and the details of each.

    Details are drawn for every detainer (``detainers``) and person (``persons``) of the whole period, whether shown or
    not, so that each extraction shows the same; a repeat bears the details of the detainer that it repeats.
    """

    world: World
    rows: pd.DataFrame
    detainers: int
    persons: int
    extracted_on: date

    @cached_property
    def columns(self) -> dict[str, dict[str, str]]:
        """The form's columns in order: fill, level, block and blank by name."""
        return {str(name): column for name, column in margins("columns", "column").to_dict("index").items()}

    @cached_property
    def day(self) -> Days:
        """Each row's day of issue."""
        return self.rows["day"].to_numpy()

    def uniform(self, aspect: str, level: str = "detainer") -> Numbers:
        """Draw one number from 0 to 1 for every detainer or person and take it to the rows."""
        size, who = (self.detainers, "base") if level == "detainer" else (self.persons, "person")
        return np.asarray(stream(self.world.seed, f"form {aspect}").random(size)[self.rows[who]])

    def days_away(self, aspect: str, mean: float) -> Days:
        """Draw a number of days for every row, exponential with a mean."""
        return np.asarray(-mean * np.log1p(-self.uniform(aspect))).astype(np.int64)

    def choice(self, column: str) -> Days:
        """Draw the code of one of a column's values for every row."""
        level = "person" if column == "Citizenship Country" else self.columns[column]["level"]
        weights = own_values()[column][1]
        reached = weights.cumsum()[:-1] / weights.sum()
        return np.searchsorted(reached, self.uniform(column, level), side="right").astype(np.int64)

    @cached_property
    def departed(self) -> Days:
        """Day of departure, were there one."""
        return self.day + 15 + self.days_away("departure", 60)

    def blank(self, column: str) -> Flags:
        """Say where a column is blank; columns of one block are blank together."""
        block, given = self.columns[column]["block"], self.columns[column]["blank"]
        if not given:
            return self.unnamed if block == "offence" else np.zeros(len(self.rows), dtype=bool)
        share = float(given)
        if block == "offence":  # the share of all rows; what is unnamed is blank already
            return self.unnamed | (self.uniform(f"blank {column}") < (share - 1 + NAMED) / NAMED)
        missing = self.uniform(f"blank {block}") < share
        return missing | (self.departed > day_number(self.extracted_on)) if block == "departure" else missing

    @cached_property
    def unnamed(self) -> Flags:
        """Where no offence is named."""
        return (self.world.groups["named"] != "yes").to_numpy()[self.rows["group"]]

    def column(self, name: str) -> pd.Series | pd.Categorical:
        """Fill one column that does not follow from the population."""
        fill, none = self.columns[name]["fill"], np.zeros(len(self.rows), dtype=np.int64)
        if fill == "redacted":
            return coded([REDACTED[name]], none)
        if fill == "empty":
            return coded([], none - 1)
        if fill == "empty date":
            return dated(self.day, blank=True)
        if fill == "sentence":
            lengths = np.array(SENTENCES[name])
            chosen = lengths[(self.uniform(name) * len(lengths)).astype(np.int64)]
            return pd.Series(chosen, dtype="Int64").mask(self.blank(name))
        source = "Citizenship Country" if fill == "citizenship" else name
        return coded(own_values()[source][0], self.choice(source), self.blank(name))

    def modelled(self) -> dict[str, pd.Series | pd.Categorical]:
        """Fill the columns that follow from the population."""
        world, rows, day = self.world, self.rows, self.day
        places, place = world.facilities, rows["facility"].to_numpy()
        state = places["state_number"].to_numpy()[place]
        reasons, offences = margins("lift_reasons", "reason", "weight"), margins("offences", "label", "weight")
        group = world.groups.index.to_numpy()[rows["group"]]  # a violator where there is no offence to name
        pending = (group == "UNKNOWN") & (self.uniform("criminality") >= CONVICTED_UNNAMED)
        first = stream(world.seed, "form age").gamma(2.2, 7.5, self.persons)[rows["person"]]  # 18 or more on this day
        convicted = day - 5 - self.days_away("conviction", 900)
        since, older = (day - day_number(NEW_FORM_FROM)) / NEW_FORM_DAYS, self.uniform("form")
        form = np.select([older < 0.004, older < 0.006, self.uniform("new form") < since], [2, 3, 1], default=0)
        digits = stream(world.seed, f"ids {self.extracted_on}").bytes(20 * self.persons).hex()  # of this release only
        ids = np.frombuffer(digits.encode(), dtype="S40").astype("U40").astype(object)[rows["person"]]
        values = {name: own_values()[name][0] for name in ("Apprehension Method", "Final Order Yes No")}
        methods, method = values["Apprehension Method"], self.choice("Apprehension Method")
        renamed = np.char.startswith(methods, "CAP ")[method] & (day >= day_number(ONE_METHOD_FROM))
        method = np.where(renamed, methods.index("Custodial Arrest"), method)
        ordered = self.choice("Final Order Yes No") == values["Final Order Yes No"].index("YES")
        unordered = ~ordered | self.blank("Final Order Yes No")
        return {
            "Detainer Prepare Date": dated(day),
            "Facility State": coded(world.states["name"], state, self.blank("Facility State")),
            "Facility AOR": coded(places["aor"], place, self.blank("Facility AOR")),
            "Facility City": coded(places["city"], place, self.blank("Facility City")),
            "Detainer Facility": coded(places["agency"], place),
            "Detainer Facility Code": coded(places["code"], place),
            "Departed Date": dated(self.departed, self.blank("Departed Date")),
            "Detainer Criminality": coded(CRIMINALITY, np.select([group == "NONE", pending], [2, 1], default=0)),
            "Birth Year": pd.Series((world.first_day.year - 18 - np.minimum(first, 70)).astype(np.int64)),
            "MSC Charge": coded(offences.index, self.offence),
            "MSC Charge Code": coded(offences["code"], self.offence),
            "MSC Charge Date": dated(convicted - self.days_away("charge", 200), self.unnamed),
            "MSC Conviction Date": dated(convicted, self.unnamed),
            "Apprehension Method": coded(methods, method, self.blank("Apprehension Method")),
            "Apprehension Date": dated(day - 2 * self.uniform("apprehension"), self.blank("Apprehension Date")),
            "Final Order Date": dated(day - self.days_away("final order", 1500), unordered),
            "Entry Date": dated(day - 1 - self.days_away("entry", 2500), self.blank("Entry Date")),
            "Detainer Type": coded(FORMS, form),
            "Detainer Lift Reason": coded(reasons.index, self.reason),
            "Detainer Lift Reason Code": coded(reasons["code"], self.reason),
            "Anonymized Identifier": pd.Series(np.where(rows["known"] == 1, ids, None), dtype="str"),
        }

    @cached_property
    def offence(self) -> Days:
        """Code of the offence among the labels, -1 = none named."""
        offences = margins("offences", "label", "weight")
        offence, chance = np.full(len(self.rows), -1), self.uniform("offence")
        for group, name in enumerate(self.world.groups.index):
            labels = np.flatnonzero(offences["group"] == name)
            here = self.rows["group"].to_numpy() == group
            if len(labels):
                reached = offences["weight"].to_numpy()[labels].cumsum()
                offence[here] = labels[np.searchsorted(reached[:-1] / reached[-1], chance[here], side="right")]
        return offence

    @cached_property
    def reason(self) -> Days:
        """Code of the lift reason as far as recorded by the extraction, corrections included; ``NEVER`` = blank."""
        now, rows = day_number(self.extracted_on), self.rows
        shown = np.where(rows["corrected"] > now, rows["first_reason"], rows["reason"])
        return np.where(rows["recorded"] <= now, shown, NEVER)

    def release(self) -> pd.DataFrame:
        """Write the rows in the form, with ``Detainer Lift Date`` behind it when that is asked for."""
        modelled = self.modelled()
        columns = {name: modelled[name] if name in modelled else self.column(name) for name in self.columns}
        if self.world.options.with_lift_date:
            recorded = np.where(self.reason == NEVER, NEVER_DAY, self.rows["recorded"])
            columns[LIFT_DATE] = dated(recorded, recorded == NEVER_DAY)
        return pd.DataFrame(columns)

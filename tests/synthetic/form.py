"""A made-up population in the 65 columns of the March 2026 release, with its blanks, redactions and spellings."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date
from functools import cache, cached_property

import numpy as np
import numpy.typing as npt
import pandas as pd

from analysis.load.files import data_file, read_text_table

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
    "Days": (1, 2, 5, 10, 30, 60, 90, 180, 364),
    "Months": (3, 6, 9, 12, 18, 24, 36),
    "Years": (1, 2, 3, 5, 10),
}


def coded(values: Sequence[str] | pd.Index | pd.Series, codes: Days, blank: Flags | None = None) -> pd.Categorical:
    """Turn codes into a category; a code of -1 and what ``blank`` says stay blank; a value may stand twice."""
    names, number = np.unique(np.asarray(values, dtype=str), return_inverse=True)
    known = np.append(number, -1)[codes]
    return pd.Categorical.from_codes(known if blank is None else np.where(blank, -1, known), names.astype(object))


def dated(days: Days | Numbers, blank: Flags | None = None) -> pd.Series:
    """Turn days since 1970 into dates, a part of a day into a time of day to the minute."""
    seconds = np.floor(np.asarray(days, dtype=float) * 1440) * 60
    dates = seconds.astype(np.int64).astype("datetime64[s]")
    return pd.Series(dates if blank is None else np.where(blank, np.datetime64("NaT", "s"), dates))


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

    def column(self, name: str) -> pd.Series | pd.Categorical | npt.NDArray[np.generic]:
        """Fill one column."""
        fill = self.columns[name]["fill"]
        if fill == "redacted":
            return coded([REDACTED[name]], np.zeros(len(self.rows), dtype=np.int64))
        if fill == "empty":
            return coded([], np.full(len(self.rows), -1))
        if fill == "empty date":
            return dated(self.day, np.ones(len(self.rows), dtype=bool))
        if fill == "sentence":
            lengths = np.array(SENTENCES[name.rsplit(" ", 1)[1]])
            chosen = lengths[(self.uniform(name) * len(lengths)).astype(np.int64)]
            return pd.Series(chosen, dtype="Int64").mask(self.blank(name))
        if fill == "model":
            return self.modelled[name]()
        source = "Citizenship Country" if fill == "citizenship" else name
        return coded(own_values()[source][0], self.choice(source), self.blank(name))

    @cached_property
    def modelled(self) -> dict[str, Callable[[], pd.Series | pd.Categorical]]:
        """How to fill the columns that follow from the population."""
        rows, world = self.rows, self.world
        places, place = world.facilities, rows["facility"].to_numpy()
        offences = margins("offences", "label", "weight")
        convicted = self.day - 5 - self.days_away("conviction", 900)
        return {
            "Detainer Prepare Date": lambda: dated(self.day),
            "Facility State": lambda: coded(
                world.states["name"], places["state_number"].to_numpy()[place], self.blank("Facility State")
            ),
            "Facility AOR": lambda: coded(places["aor"], place, self.blank("Facility AOR")),
            "Facility City": lambda: coded(places["city"], place, self.blank("Facility City")),
            "Detainer Facility": lambda: coded(places["agency"], place),
            "Detainer Facility Code": lambda: coded(places["code"], place),
            "Departed Date": lambda: dated(self.departed, self.blank("Departed Date")),
            "Detainer Criminality": lambda: coded(CRIMINALITY, self.criminality),
            "Birth Year": lambda: pd.Series(self.birth_year),
            "MSC Charge": lambda: coded(offences.index, self.offence),
            "MSC Charge Code": lambda: coded(offences["code"], self.offence),
            "MSC Charge Date": lambda: dated(convicted - self.days_away("charge", 200), self.unnamed),
            "MSC Conviction Date": lambda: dated(convicted, self.unnamed),
            "Apprehension Method": self.method,
            "Apprehension Date": lambda: dated(
                self.day - 2 * self.uniform("apprehension"), self.blank("Apprehension Date")
            ),
            "Final Order Date": self.final_order,
            "Entry Date": lambda: dated(self.day - 1 - self.days_away("entry", 2500), self.blank("Entry Date")),
            "Detainer Type": lambda: coded(FORMS, self.form),
            "Detainer Lift Reason": lambda: coded(margins("lift_reasons", "reason").index, self.reason),
            "Detainer Lift Reason Code": lambda: coded(margins("lift_reasons", "reason")["code"], self.reason),
            "Anonymized Identifier": self.identifier,
        }

    @cached_property
    def criminality(self) -> Days:
        """Code in ``CRIMINALITY``: convicted where an offence is named, a violator where there is none to name."""
        group = self.world.groups.index.to_numpy()[self.rows["group"]]
        pending = (group == "UNKNOWN") & (self.uniform("criminality") >= CONVICTED_UNNAMED)
        return np.select([group == "NONE", pending], [2, 1], default=0)

    @cached_property
    def birth_year(self) -> Days:
        """Year of birth, of a person of 18 or more on the first day; a person keeps it."""
        first = stream(self.world.seed, "form age").gamma(2.2, 7.5, self.persons)[self.rows["person"]]
        return (self.world.first_day.year - 18 - np.minimum(first, 70)).astype(np.int64)

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
    def form(self) -> Days:
        """Code of the form: a few older ones, and the form of May 2025 taking over from its predecessor."""
        since = (self.day - day_number(NEW_FORM_FROM)) / NEW_FORM_DAYS
        chance = self.uniform("form")
        return np.select([chance < 0.004, chance < 0.006, self.uniform("new form") < since], [2, 3, 1], default=0)

    @cached_property
    def reason(self) -> Days:
        """Code of the lift reason as far as recorded by the extraction, corrections included; ``NEVER`` = blank."""
        now, rows = day_number(self.extracted_on), self.rows
        shown = np.where(rows["corrected"] > now, rows["first_reason"], rows["reason"])
        return np.where(rows["recorded"] <= now, shown, NEVER)

    def method(self) -> pd.Categorical:
        """Fill the method of apprehension, whose CAP kinds end in the summer of 2025."""
        names, code = own_values()["Apprehension Method"][0], self.choice("Apprehension Method")
        late = np.char.startswith(names, "CAP ")[code] & (self.day >= day_number(ONE_METHOD_FROM))
        return coded(names, np.where(late, names.index("Custodial Arrest"), code), self.blank("Apprehension Method"))

    def final_order(self) -> pd.Series:
        """Fill the date of the final order where there is one."""
        ordered = self.choice("Final Order Yes No") == own_values()["Final Order Yes No"][0].index("YES")
        days = self.day - self.days_away("final order", 1500)
        return dated(days, ~ordered | self.blank("Final Order Yes No"))

    def identifier(self) -> pd.Series:
        """Fill the person's id: 40 hexadecimal digits, good for this release only."""
        digits = stream(self.world.seed, f"ids {self.extracted_on}").bytes(20 * self.persons).hex()
        ids = np.frombuffer(digits.encode(), dtype="S40").astype("U40").astype(object)[self.rows["person"]]
        return pd.Series(np.where(self.rows["known"] == 1, ids, None), dtype="str")

    def release(self) -> pd.DataFrame:
        """Write the rows in the form, with ``Detainer Lift Date`` behind it when that is asked for."""
        release = pd.DataFrame({name: self.column(name) for name in self.columns})
        if self.world.options.with_lift_date:
            recorded = np.where(self.reason == NEVER, NEVER_DAY, self.rows["recorded"])
            release[LIFT_DATE] = dated(recorded, recorded == NEVER_DAY)
        return release

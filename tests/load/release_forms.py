"""Files of every form of release, made for tests: headers as in the releases, cells with the quirks of each.

The column names are typed from the column lists of the releases, never taken from the alias file that is under test.
"""

from __future__ import annotations

import csv
from collections.abc import Mapping, Sequence
from datetime import date, datetime
from pathlib import Path
from typing import Any

import openpyxl  # type: ignore[import-untyped]
import pandas as pd
import pyreadstat

NAMES = {
    "TX": "TEXAS",
    "CA": "CALIFORNIA",
    "MN": "MINNESOTA",
    "DC": "DISTRICT OF COLUMBIA",
    "PR": "PUERTO RICO",
    "MP": "NORTHERN MARIANA ISLANDS",
    "VI": "VIRGIN ISLANDS",
    "NC": "NORTH CAROLINA",
}
EDITIONS = {
    "I247": "I247 - Immigration Detainer - Notice of Action (as of March 2013)",
    "I247D": "I247D - Immigration Detainer - Request for Action",
    "I247N": "I247N - Immigration Advisal - Request for Notification",
    "I247A": "I247A - Immigration Detainer - Immigration Detainer - Notice of Action",
    "I247G": "I247G - Request for Advance Notification of Release",
    "I247X": "I247X - Request for Voluntary Transfer",
}
COLUMNS = (
    "issued_on",
    "state",
    "agency",
    "city",
    "facility_code",
    "form",
    "lift_reason",
    "offence_text",
    "offence_code",
    "criminality",
    "threat_level",
    "citizenship",
    "person",
)


def _names(text: str) -> list[str]:
    return [" ".join(name.split()) for name in text.split(";")]


A = _names("Prepare Date; Detainer Type; Detainer Detention Facility; State; City; Detainer Lift Reason")
A_EARLY = _names("Prepare Date; Detainer Lift Reason; Detainer Detention Facility; City; State")
B = _names(
    """Prepare Date; Active Yes No; Detainer Lift Reason; Detainer Lift Reason Code; Detainer Lift Reason2; Detainer
    Lift Reason 2 Code; Area of Responsibility; Site; Detention Facility Code; Detention Facility; Active Investigation
    Yes No; Arrest Warrant Served Yes No; Deportation Ordered Yes No; Notify Release Request Yes No; ERO Citizenship;
    Birth Date; Osc Served Yes No; Osc Served Date; Alien File Number; Subject Id"""
)
C = _names(
    """Active_Investigation_Yes_No; Active_Yes_No; Admission_Class; Aggravated_Felon_Type;
    Aggravated_Felony_Yes_No; Alien_File_Number; Alien_Number_Unique_Identifier; Apprehension_AOR;
    Apprehension_Date; Apprehension_Final_Program; Apprehension_Method; Apprehension_Program;
    Apprehension_Program_Group; Apprehension_Site; Apprehension_Site_Landmark; Arrest_Warrant_Served_Date;
    Arrest_Warrant_Served_Yes_No; Biometric_Match_Yes_No; Birth_City; Birth_Country; Birth_Date; Birth_State;
    Birth_Year; Case_Category; Citizenship_Country; Component_Notified; Criminal_Street_Gang_Yes_No;
    Current_Yes_No; Death_Transfer_Notify_Request_Yes_No; Departed_Date; Departure_Country;
    Deportation_Ordered_Yes_No; Detainer_AOR; Detainer_Detention_Facility; Detainer_Detention_Facility_Code;
    Detainer_Facility_Function; Detainer_Facility_Other_Type; Detainer_Facility_Type; Detainer_ID;
    Detainer_Inmate_Number_Type_Code; Detainer_Lift_Date; Detainer_Lift_Reason; Detainer_Lift_Reason2;
    Detainer_Lift_Reason_Code; Detainer_Lift_Reason_Code2; Detainer_Most_Serious_Charge;
    Detainer_Most_Serious_Charge_Code; Detainer_Most_Serious_Charge_Crime_Class;
    Detainer_Most_Serious_Charge_Date; Detainer_Most_Serious_Charge_Sentence_Days;
    Detainer_Most_Serious_Charge_Sentence_Months; Detainer_Most_Serious_Charge_Sentence_Years;
    Detainer_Most_Serious_Conviction_Charge; Detainer_Most_Serious_Conviction_Charge_Code;
    Detainer_Most_Serious_Conviction_Charge_Date; Detainer_Most_Serious_Conviction_Conviction_Date;
    Detainer_Most_Serious_Conviction_Crime_Class; Detainer_Most_Serious_Conviction_Criminal_Charge_Status;
    Detainer_Most_Serious_Conviction_Sentence_Days; Detainer_Most_Serious_Conviction_Sentence_Months;
    Detainer_Most_Serious_Conviction_Sentence_Years; Detainer_Most_Serious_Criminal_Charge_Status;
    Detainer_Most_Serious_Pending_Charge; Detainer_Most_Serious_Pending_Charge_Code;
    Detainer_Most_Serious_Pending_Charge_Date; Detainer_Most_Serious_Pending_Conviction_Date;
    Detainer_Most_Serious_Pending_Crime_Class; Detainer_Most_Serious_Pending_Criminal_Charge_Status;
    Detainer_Most_Serious_Pending_Sentence_Days; Detainer_Most_Serious_Pending_Sentence_Months;
    Detainer_Most_Serious_Pending_Sentence_Years; Detainer_Prepare_Date; Detainer_Prepare_Fiscal_Year;
    Detainer_Prepared_Criminality; Detainer_Removal_Case_Yes_No; Detainer_Request_Upon_Conviction_Yes_No;
    Detainer_Threat_Level; Detainer_Type; EID_Case_ID; EID_Civilian_ID; EID_DTA_Create_Date; EID_DTA_ID;
    EID_Person_ID; EID_Subject_ID; EO_Gang_Flag; EO_Person_Gang_Flag; EO_Person_Visa_Abuse_Yes_No;
    EO_VISA_Abuse_Flag; Entry_Date; Entry_Status; Ethnicity; Federal_Interest_Yes_No;
    Federal_Register_Notice_Yes_No; Final_Order_Date; Final_Order_Yes_No; Gender; Government_Employee_ID;
    Illegal_Entry_Yes_No; Illegal_Reentry_Yes_No; Immigration_Fraud_Yes_No; Latest_Detainer_Yes_No;
    Latest_Entry_Date; Latest_Entry_Status; Mandatory_Detention_Yes_No; Most_Serious_Charge_Conviction_Date;
    Multiple_Prior_Misd_Yes_No; Non_Immigrant_Overstay_Yes_No; Non_Immigrant_Status_Violation_Yes_No;
    Notify_Release_Request_Yes_No; Order_to_Show_Cause_Served_Date; Order_to_Show_Cause_Served_Yes_No;
    Other_Detainer_Facility_Name; Other_Removal_Reason; Other_Removal_Reason_Yes_No; Port_of_Departure;
    Previous_Detainer_Cancel_Prep_Date; Previous_Detainer_Cancel_Yes_No; Prior_Felony_Yes_No;
    Processing_Disposition; Program; Projected_Release_Date; Projected_Release_Day; Projected_Release_Month;
    Projected_Release_Year; Race; Request_Acceptance_Yes_No; Resume_Custody_Yes_No;
    Return_Envelope_Include_Yes_No; Return_Signature_Request_Yes_No; Return_by_Fax_Yes_No;
    Return_to_Employee_ID; Significant_Risk_Yes_No; Statements_Made_Yes_No; Student_Violator_Yes_No;
    Subject_Name; Unlawful_Attempt_Yes_No; Unlawful_Entry_Yes_No; Violent_Misdemeanor_Yes_No; Visa_Yes_No"""
)
D = _names(
    """Detainer Prepare Date; Facility State; Facility AOR; Port of Departure; Departure Country; Departed Date; Case
    Status; Detainer Prepared Criminality; Detention Facility; Detention Facility Code; Facility City; Detainer Prep
    Threat Level; Gender; Citizenship Country; Birth Country; Birth Date; Birth Year; Entry Status; Most Serious
    Conviction (MSC) Charge; MSC Sentence Days; MSC Sentence Months; MSC Sentence Years; MSC Charge Code; MSC Charge
    Date; MSC Conviction Date; Felon; Processing Disposition; Case Category; Final Program; Time of Apprehension Case
    Category; Time of Apprehension Current Program; Apprehension Method; Final Order Yes No; Final Order Date;
    Apprehension Date; Entry Date; Prior Felony Yes No; Multiple Prior MISD Yes No; Violent Misdemeanor Yes No; Illegal
    Entry Yes No; Illegal Reentry Yes No; Immigration Fraud Yes No; Significant Risk Yes No; Other Removal Reason Yes
    No; Other Removal Reason; Criminal Street Gang Yes No; Aggravated Felony Yes No; Deportation Ordered Yes No; Order
    to Show Cause Served Yes No; Order to Show Cause Served Date; Biometric Match Yes No; Statements Made Yes No;
    Unlawful Attempt Yes No; Unlawful Entry Yes No; Visa Yes No; Final Order Yes No; Federal Interest Yes No; Resume
    Custody Yes No; Alien File Number; EID Case ID; EID Subject ID; EID DTA ID; Unique Identifier"""
)
_END = D.index("Resume Custody Yes No") + 1
E = [*D[:_END], "Detainer Lift Reason", "Detainer Type", *D[_END:]]
_RENAMED_IN_F = {
    "Detainer Prepared Criminality": "Detainer Criminality",
    "Detention Facility": "Detainer Facility",
    "Detention Facility Code": "Detainer Facility Code",
    "Detainer Prep Threat Level": "Detainer Threat Level",
    "Most Serious Conviction (MSC) Charge": "MSC Charge",
    "Aggravated Felony Yes No": "Aggravated Felon Yes No",
    "Time of Apprehension Case Category": "TOA Case Category",
    "Time of Apprehension Current Program": "TOA Current Program",
    "Federal Interest Yes No": "Federal Register Notice Yes No",
}
F = [_RENAMED_IN_F.get(name, name) for name in D[:_END] if name != "Final Program"] + _names(
    """Detainer Lift Reason; Detainer Lift Reason Code; Active Investigation Yes No; Arrest Warrant Served Date;
    Detainer Type; Notify Release Request Yes No; TOD Current Duty Site; EID DTA ID; Anonymized Identifier"""
)
F[F.index("Final Order Yes No")] = "Case Final Order Yes No"
F_EARLY = [name for name in F if name != "Birth Date"]
G = _names(
    """Apprehension Date; Apprehension Method; Biometric Match Yes No; Birth Country; Birth Year; Case Category; Case
    Status; Citizenship Country; Departed Date; Departure Country; Deportation Ordered Yes No; Detainer Lift Reason;
    Detainer Prepared Threat Level; Detainer Prepared Date; Detainer Prepared Criminality; Detainer Type; Detention
    Facility; Detention Facility Code; Entry Date; Entry Status; AOR; City; State; Felon; Final Order Date; Final Order
    Yes No; TOD Final Program; Gender; MSC Charge; MSC Charge Code; MSC Charge Date; MSC Conviction Date; Sentence Days;
    Sentence Months; Sentence Years; Order to Show Cause Served Yes No; Port Of Departure; Processing Disposition;
    Resume Custody Yes No; Statements Made Yes No; TOA Case Category; TOA Case Category Code; Alien File Number;
    Anonymized Unique Identifier"""
)
PROCESSED = _names(
    """detainer_prepare_date; facility_state; facility_aor; facility_city; detainer_prepared_criminality;
    detention_facility; detention_facility_code; detainer_prep_threat_level; gender; citizenship_country; birth_year;
    most_serious_conviction_msc_charge; msc_charge_code; msc_charge_date; apprehension_date; detainer_lift_reason;
    detainer_type; unique_identifier; duplicate_likely; file_original; sheet_original; row_original"""
)
TRAC = _names(
    """state; county; prepare_date; source; unique_id; detainer_type; detainer_lift_reason; gender; citizenship_country;
    age_at_detainer; detainer_detention_facility; city; detainer_facility_type; mscc_grp; crime_grp; birth_country;
    projected_release_date; init_book_in_date; departed_date"""
)
HEADERS = {"A": A, "B": B, "C": C, "D": D, "E": E, "F": F, "G": G, "processed": PROCESSED, "TRAC": TRAC}

MEANT_BY = {  # the names that hold a column of the table
    "issued_on": "Prepare Date; Detainer_Prepare_Date; Detainer Prepare Date; Detainer Prepared Date; prepare_date; "
    "detainer_prepare_date",
    "state": "State; Facility State; facility_state; state",
    "agency": "Detainer Detention Facility; Detainer_Detention_Facility; Detention Facility; Detainer Facility; "
    "detention_facility; detainer_detention_facility",
    "city": "City; Facility City; facility_city; city",
    "facility_code": "Detention Facility Code; Detainer_Detention_Facility_Code; Detainer Facility Code; "
    "detention_facility_code",
    "form": "Detainer Type; Detainer_Type; detainer_type",
    "lift_reason": "Detainer Lift Reason; Detainer_Lift_Reason; detainer_lift_reason",
    "offence_text": "Most Serious Conviction (MSC) Charge; MSC Charge; Detainer_Most_Serious_Conviction_Charge; "
    "most_serious_conviction_msc_charge",
    "offence_code": "MSC Charge Code; Detainer_Most_Serious_Conviction_Charge_Code; msc_charge_code",
    "criminality": "Detainer Prepared Criminality; Detainer_Prepared_Criminality; Detainer Criminality; "
    "detainer_prepared_criminality",
    "threat_level": "Detainer Prep Threat Level; Detainer_Threat_Level; Detainer Threat Level; "
    "Detainer Prepared Threat Level; detainer_prep_threat_level",
    "citizenship": "ERO Citizenship; Citizenship Country; Citizenship_Country; citizenship_country",
    "person": "Unique Identifier; Anonymized Identifier; Anonymized Unique Identifier; unique_identifier; "
    "Alien_Number_Unique_Identifier; unique_id",
}
_MEANING = {name: meaning for meaning, names in MEANT_BY.items() for name in _names(names)}
OTHER_CELLS = {  # what stands in columns that the table does not have
    "Entry Status": "Not  Applicable",
    "Birth Year": 1985,
    "birth_year": 1985,
    "Gender": "Male",
    "gender": "Male",
    "Alien File Number": "(b)(6), (b)(7)(c)",
    "Alien_File_Number": "(b)(6), (b)(7)(c) (b)(7)(e)",
    "EID DTA ID": "b(6), b(7)c",
    "EID Case ID": "b(6), b(7)C",
    "Departure Country": "NA",
    "Felon": "Not an Aggravated Felon",
    "Apprehension Date": datetime(2025, 6, 14, 15, 10),
    "Detainer Lift Reason2": "Lifted",
    "Detainer_Lift_Reason2": "Lifted",
    "county": "Travis",
    "duplicate_likely": "FALSE",
}


def columns_of(form: str) -> list[str]:
    """The columns of the table that a form can give."""
    found = {_MEANING[name] for name in HEADERS[form] if name in _MEANING}
    return [name for name in COLUMNS if name in found]


def cells(form: str, rows: pd.DataFrame, header: Sequence[str] | None = None) -> list[list[Any]]:
    """Lay rows of the table out under a form's header, with that form's spelling; None is an empty cell."""
    laid_out: list[list[Any]] = []
    for row in rows.to_dict("records"):
        line: list[Any] = []
        for name in header or HEADERS[form]:
            value: Any = row[_MEANING[name]] if name in _MEANING else OTHER_CELLS.get(name)
            meaning = _MEANING.get(name)
            if meaning == "state":
                value = (value or "UN") if form == "TRAC" else NAMES.get(str(value))
            elif meaning == "form":
                value = EDITIONS.get(str(value))
            elif meaning == "issued_on" and form == "TRAC":
                value = value.strftime("%d%b%y").upper()
            elif meaning == "issued_on" and form == "A":
                value = f"{value.month}/{value.day}/{value:%y}"
            line.append(value)
        laid_out.append(line)
    return laid_out


def workbook(path: Path, sheets: Mapping[str, tuple[Sequence[str], list[list[Any]]]], *, preamble: int = 0) -> Path:
    """Write a workbook: for each sheet its header, under so many lines of preamble, and its rows."""
    book = openpyxl.Workbook(write_only=True)
    for name, (header, rows) in sheets.items():
        sheet = book.create_sheet(name)
        for at in range(preamble):
            sheet.append([f"ERO LESA-STU, line {at + 1}"] if at % 2 == 0 else [])
        sheet.append(list(header))
        for row in rows:
            sheet.append(row)
    book.save(path)
    return path


def text(path: Path, header: Sequence[str], rows: list[list[Any]], *, delimiter: str = ",", blank: str = "") -> Path:
    """Write separated text."""
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file, delimiter=delimiter)
        writer.writerow(header)
        writer.writerows([[blank if cell is None else cell for cell in row] for row in rows])
    return path


def write_release(form: str, rows: pd.DataFrame, folder: Path) -> Path:
    """Write rows of the table as a release of a form, in the type of file and with the quirks that it came with."""
    header, laid_out = HEADERS[form], cells(form, rows)
    if form == "A":
        return text(folder / "lea-detainers-fy15.txt", header, laid_out)
    if form == "B":
        return text(folder / "detainersfy15_raw.csv", header, laid_out, delimiter="\t")
    if form == "C":
        return workbook(folder / "2025-ICFO-18038_FY24.xlsx", {"Detainers": (header, laid_out)})
    if form == "D":
        code, when = header.index("MSC Charge Code"), header.index("MSC Charge Date")
        for line in laid_out:  # the extract of March 2025: the code stands in the date, and lost its zero beside it
            line[when] = line[code]
            line[code] = int(line[code]) if str(line[code]).isdigit() else line[code]
        return workbook(folder / "march_2025.xlsx", {"Detainers": (header, laid_out)}, preamble=6)
    if form == "E":
        return workbook(folder / "july_2025.xlsx", {"Detainers": (header, laid_out)}, preamble=6)
    if form == "F":
        half = len(laid_out) // 2
        early = cells(form, rows.iloc[:half], F_EARLY)
        sheets = {"FY2024": (F_EARLY, early), "FY2025": (header, laid_out[half:]), "Notes": (["Redacted"], [])}
        return workbook(folder / "2026-ICLI-00005_Redacted.xlsx", sheets, preamble=6)
    if form == "G":
        return workbook(folder / "DPR_FINAL Highlighted.xlsx", {"DPR": (header, laid_out)}, preamble=6)
    if form == "processed":
        numbered = [[at, *line] for at, line in enumerate(laid_out, 1)]
        return text(folder / "detainers-latest.csv", ["", *header], numbered, blank="NA")
    frame = pd.DataFrame(laid_out, columns=header, dtype=object).fillna("").astype(str)
    pyreadstat.write_dta(frame, str(folder / "Detainerall.dta"))
    return folder / "Detainerall.dta"


def some_rows() -> pd.DataFrame:
    """Twelve detainers with blanks in all places that may be blank."""
    day = [date(2012, 3, 12), date(2012, 3, 13), date(2025, 1, 5)]
    rows = []
    for at in range(12):
        named = at % 3 == 0
        rows.append(
            {
                "issued_on": day[at % 3],
                "state": [None, "TX", "DC", "PR"][at % 4],
                "agency": ["SANTA CLARA CO MAIN JAIL/", "STEARNS COUNTY SHERIFF/JAIL", None][at % 3],
                "city": ["ST. CLOUD", None][at % 2],
                "facility_code": ["STRNSMN", "SNTCLCA", None][at % 3],
                "form": ["I247A", "I247", "I247N", "I247G", None][at % 5],
                "lift_reason": ["Detainer Declined by LEA", None, "Booked into Detention", "Case Closed"][at % 4],
                "offence_text": ["Illegal Entry (INA SEC.101(a)(43)(O), 8USC1325 only)", "Domestic Violence"][at % 2]
                if named
                else None,
                "offence_code": ["0301", "13AB"][at % 2] if named else None,
                "criminality": (
                    "1 Convicted Criminal"
                    if named
                    else ["2 Pending Criminal Charges", "3 Other Immigration Violator"][at % 2]
                ),
                "threat_level": ["1", "3", None][at % 3],
                "citizenship": ["MEXICO", "CÔTE D'IVOIRE"][at % 2],
                "person": [None, "a" * 40, "b" * 40, "b" * 40][at % 4],
            }
        )
    return pd.DataFrame(rows, columns=list(COLUMNS), dtype=object)

"""A finished run as a page that people read: what was measured, on the file that ships."""

from wrenlet.report.contents import (
    AuditRow,
    ClassScore,
    ClipPicture,
    Corpus,
    DataSource,
    Epoch,
    Measurement,
    ParityRow,
    RunReport,
    SkippedFile,
    SplitRow,
    Training,
)
from wrenlet.report.pages import write_report, write_sweep_report
from wrenlet.report.pictures import choose_clips, picture_clip
from wrenlet.report.storage import from_dict, read_report, to_dict
from wrenlet.report.sweep import Summary, SweepReport, SweepRun

__all__ = [
    "AuditRow",
    "ClassScore",
    "ClipPicture",
    "Corpus",
    "DataSource",
    "Epoch",
    "Measurement",
    "ParityRow",
    "RunReport",
    "SkippedFile",
    "SplitRow",
    "Summary",
    "SweepReport",
    "SweepRun",
    "Training",
    "choose_clips",
    "from_dict",
    "picture_clip",
    "read_report",
    "to_dict",
    "write_report",
    "write_sweep_report",
]

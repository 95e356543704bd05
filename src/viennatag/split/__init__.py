"""Training, validation and test subsets, and folds: stratified, group-aware, reproducible."""

from viennatag.split.duplicates import near_duplicate_groups
from viennatag.split.folds import MultilabelStratifiedGroupKFold, assign_folds, fold_marks
from viennatag.split.splitting import mark_groups, split_marks
from viennatag.split.stratification import label_distribution_error, stratify

__all__ = [
    "MultilabelStratifiedGroupKFold",
    "assign_folds",
    "fold_marks",
    "label_distribution_error",
    "mark_groups",
    "near_duplicate_groups",
    "split_marks",
    "stratify",
]

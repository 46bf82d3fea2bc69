//! Folds over outcomes: terminal, csv, json.

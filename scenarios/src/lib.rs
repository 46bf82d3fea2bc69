//! The catalogue of scenarios and policies, and their file formats.

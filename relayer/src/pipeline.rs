//! The stages: watch, execute, submit, settle.

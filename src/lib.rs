//! dongbo

//! The JSON Schema of policy files, for editors.

use crate::rule::Rules;

/// JSON Schema (draft 2020-12) of policy files, as JSON.
pub fn json_schema() -> serde_json::Value {
    schemars::schema_for!(Rules).to_value()
}

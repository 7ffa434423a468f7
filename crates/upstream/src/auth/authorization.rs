//! What is sent with a request so that Google lets it in.

use http::header::{AUTHORIZATION, HeaderMap, HeaderName, HeaderValue};

/// The project that usage is counted for, where it is not the one that owns the credentials.
const QUOTA_PROJECT: HeaderName = HeaderName::from_static("x-goog-user-project");

/// A token, ready to be sent. Its value is marked sensitive, so `Debug` does not show it.
#[derive(Clone, Debug)]
pub struct Authorization {
    /// Counts the tokens of this process, to tell them apart without looking at them.
    pub(super) number: u64,
    pub(super) value: HeaderValue,
    quota_project: Option<HeaderValue>,
}

impl Authorization {
    /// Takes the fields out of what `google-cloud-auth` made; `None` if there is no token in it.
    pub(super) fn new(number: u64, fields: &HeaderMap) -> Option<Self> {
        let mut value = fields.get(AUTHORIZATION)?.clone();
        value.set_sensitive(true);
        Some(Self { number, value, quota_project: fields.get(QUOTA_PROJECT).cloned() })
    }

    /// Puts `authorization`, and `x-goog-user-project` if the credentials name a project, in place of what the
    /// client may have sent under these names.
    pub fn apply(&self, fields: &mut HeaderMap) {
        fields.insert(AUTHORIZATION, self.value.clone());
        match &self.quota_project {
            Some(project) => fields.insert(QUOTA_PROJECT, project.clone()),
            None => fields.remove(QUOTA_PROJECT),
        };
    }

    /// The value of the field `authorization`.
    pub fn value(&self) -> &HeaderValue {
        &self.value
    }

    /// The value of the field `x-goog-user-project`, if the credentials name a project.
    pub fn quota_project(&self) -> Option<&HeaderValue> {
        self.quota_project.as_ref()
    }
}

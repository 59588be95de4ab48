use http::Method;

/// A call, by its kind.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Call {
    /// `GET /live_inputs`
    ListInputs,
    /// `POST /live_inputs`
    CreateInput,
    /// `GET /live_inputs/{uid}`
    GetInput,
    /// `PUT /live_inputs/{uid}`
    UpdateInput,
    /// `DELETE /live_inputs/{uid}`
    DeleteInput,
    /// `POST /live_inputs/{uid}/rotate_keys`
    RotateKeys,
    /// `GET /live_inputs/{uid}/outputs`
    ListOutputs,
    /// `POST /live_inputs/{uid}/outputs`
    CreateOutput,
    /// `PUT /live_inputs/{uid}/outputs/{uid}`
    UpdateOutput,
    /// `DELETE /live_inputs/{uid}/outputs/{uid}`
    DeleteOutput,
    /// `GET /{uid}/lifecycle`, which is no part of the API
    Lifecycle,
}

impl Call {
    /// What a request is; none when it is nothing that Cloudflare knows.
    pub(crate) fn of(method: &Method, path: &str) -> Option<Self> {
        let path: Vec<_> = path.trim_matches('/').split('/').collect();
        let path = match &path[..] {
            ["client", "v4", "accounts", _, "stream", "live_inputs", rest @ ..] => rest,
            [_, "lifecycle"] => return Some(Self::Lifecycle),
            _ => return None,
        };
        Some(match (method.as_str(), path) {
            ("GET", []) => Self::ListInputs,
            ("POST", []) => Self::CreateInput,
            ("GET", [_]) => Self::GetInput,
            ("PUT", [_]) => Self::UpdateInput,
            ("DELETE", [_]) => Self::DeleteInput,
            ("POST", [_, "rotate_keys"]) => Self::RotateKeys,
            ("GET", [_, "outputs"]) => Self::ListOutputs,
            ("POST", [_, "outputs"]) => Self::CreateOutput,
            ("PUT", [_, "outputs", _]) => Self::UpdateOutput,
            ("DELETE", [_, "outputs", _]) => Self::DeleteOutput,
            _ => return None,
        })
    }
}

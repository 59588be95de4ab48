use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use tokio::{
    io::{AsyncRead, AsyncWrite},
    net::TcpStream,
};
use tokio_tungstenite::{
    client_async,
    tungstenite::{
        self,
        client::IntoClientRequest,
        http::{HeaderName, HeaderValue, Request},
    },
};

use super::{ChannelClient, ClientError};

/// How a client connects: to whom, and as whom.
#[derive(Clone, Debug)]
pub struct Connect {
    address: String,
    path: String,
    query: String,
    headers: Vec<(HeaderName, HeaderValue)>,
}

impl Connect {
    pub(super) fn new(address: String) -> Self {
        let path = "/socket/websocket".to_owned();
        Self { address, path, query: "vsn=2.0.0".to_owned(), headers: Vec::new() }
    }

    /// At another path than `/socket/websocket`.
    #[must_use]
    pub fn path(mut self, path: &str) -> Self {
        path.clone_into(&mut self.path);
        self
    }

    /// Adds a parameter: what the `phoenix` client has in `params`. It must need no escapes.
    #[must_use]
    pub fn param(mut self, name: &str, value: &str) -> Self {
        self.query = format!("{}&{name}={value}", self.query);
        self
    }

    /// With this query instead of `vsn=2.0.0` and the parameters so far.
    #[must_use]
    pub fn query(mut self, query: &str) -> Self {
        query.clone_into(&mut self.query);
        self
    }

    /// With a token among the sub-protocols: what the `phoenix` client has in `authToken`.
    #[must_use]
    pub fn auth_token(self, token: &str) -> Self {
        let token = URL_SAFE_NO_PAD.encode(token);
        self.header("sec-websocket-protocol", &format!("phoenix, base64url.bearer.phx.{token}"))
    }

    /// As a page of `origin` would.
    #[must_use]
    pub fn origin(self, origin: &str) -> Self {
        self.header("origin", origin)
    }

    /// With a header.
    ///
    /// # Panics
    ///
    /// When it is none.
    #[must_use]
    pub fn header(mut self, name: &'static str, value: &str) -> Self {
        let value = HeaderValue::from_str(value).expect("the test gives a valid value");
        self.headers.push((HeaderName::from_static(name), value));
        self
    }

    /// Connects over TCP.
    pub async fn connect(self) -> Result<ChannelClient, ClientError> {
        let stream = TcpStream::connect(&self.address).await.map_err(tungstenite::Error::Io)?;
        self.over(stream).await
    }

    /// Does the handshake over `stream`.
    pub async fn over<S>(self, stream: S) -> Result<ChannelClient<S>, ClientError>
    where
        S: AsyncRead + AsyncWrite + Unpin,
    {
        match client_async(self.request()?, stream).await {
            Ok((socket, _)) => Ok(ChannelClient::new(socket)),
            Err(tungstenite::Error::Http(response)) => {
                let (parts, body) = response.into_parts();
                let body = String::from_utf8_lossy(&body.unwrap_or_default()).into_owned();
                Err(ClientError::Refused { status: parts.status.as_u16(), body })
            }
            Err(error) => Err(error.into()),
        }
    }

    fn request(self) -> Result<Request<()>, ClientError> {
        let Self { address, path, query, headers } = self;
        let mut request = format!("ws://{address}{path}?{query}").into_client_request()?;
        request.headers_mut().extend(headers);
        Ok(request)
    }
}

//! A client that says what it likes.

use serde_json::Value;
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::UnixStream,
};

use super::house::LIMIT;

pub(crate) struct Raw(pub(crate) UnixStream);

impl Raw {
    pub(crate) async fn connect(path: &std::path::Path) -> Self {
        Self(UnixStream::connect(path).await.unwrap())
    }

    /// One that has said hello and is welcome.
    pub(crate) async fn welcome(path: &std::path::Path) -> Self {
        let mut raw = Self::connect(path).await;
        raw.say(r#"{"stagedoor":1}"#).await;
        assert_eq!(raw.hear().await.unwrap()["welcome"]["version"], 1);
        raw
    }

    pub(crate) async fn say(&mut self, text: &str) {
        self.0.write_u32(u32::try_from(text.len()).unwrap()).await.unwrap();
        self.0.write_all(text.as_bytes()).await.unwrap();
    }

    /// The next frame; none when the daemon has closed.
    pub(crate) async fn hear(&mut self) -> Option<Value> {
        let hear = async {
            let length = self.0.read_u32().await.ok()?;
            let mut frame = vec![0; length as usize];
            self.0.read_exact(&mut frame).await.ok()?;
            Some(serde_json::from_slice(&frame).unwrap())
        };
        tokio::time::timeout(LIMIT, hear).await.expect("the daemon answers or closes")
    }
}

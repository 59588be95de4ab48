//! How a connection over a limit is told so: a word, and closed.

use std::{sync::Arc, time::Duration};

use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
    sync::Semaphore,
    time::timeout,
};

const ANSWER: &[u8] = b"HTTP/1.1 503 Service Unavailable\r\n\
    content-type: application/json\r\n\
    content-length: 100\r\n\
    connection: close\r\n\
    retry-after: 5\r\n\
    \r\n\
    {\"error\":{\"code\":\"too_many_connections\",\"message\":\"too many connections are open; try again later\"}}";

/// How many refused connections are seen off at a time; the others are just closed.
const SEEN_OFF: usize = 64;

const LINGER: Duration = Duration::from_secs(1);

#[derive(Debug)]
pub(super) struct Refuser(Arc<Semaphore>);

impl Default for Refuser {
    fn default() -> Self {
        Self(Arc::new(Semaphore::new(SEEN_OFF)))
    }
}

impl Refuser {
    pub(super) fn refuse(&self, stream: TcpStream) {
        if let Ok(permit) = Arc::clone(&self.0).try_acquire_owned() {
            tokio::spawn(async move {
                // The client may break off at any point, and that is as well.
                drop(timeout(LINGER, see_off(stream)).await);
                drop(permit);
            });
        }
    }
}

/// Answers when something was asked: a client takes an answer that comes before its request for a fault. Then reads on
/// to the end: closed with unread data, TCP resets the connection and the answer is lost.
async fn see_off(mut stream: TcpStream) -> std::io::Result<()> {
    let mut scratch = [0; 512];
    if stream.read(&mut scratch).await? > 0 {
        stream.write_all(ANSWER).await?;
        stream.shutdown().await?;
        while stream.read(&mut scratch).await? > 0 {}
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_answers_length_is_what_it_says() {
        let text = std::str::from_utf8(ANSWER).unwrap();
        let (head, body) = text.split_once("\r\n\r\n").unwrap();
        assert!(head.contains(&format!("content-length: {}\r\n", body.len())), "{}", body.len());
    }
}

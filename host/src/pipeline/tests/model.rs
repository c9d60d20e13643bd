//! A service that a test answers for, byte by byte: also with dates, statuses and bodies that no server would send.

use std::sync::Arc;

use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::{TcpListener, TcpStream},
};

/// A request: its target, its head and its body.
pub(super) struct AskedWindow {
    pub(super) target: String,
    pub(super) text: String,
}

/// An answer.
pub(super) struct ModelAnswer {
    pub(super) status: u16,
    /// None for no such header.
    pub(super) date: Option<String>,
    pub(super) headers: Vec<(&'static str, String)>,
    pub(super) body: Vec<u8>,
}

impl ModelAnswer {
    pub(super) fn json(status: u16, body: &serde_json::Value) -> Self {
        Self { status, date: None, headers: Vec::new(), body: body.to_string().into_bytes() }
    }
}

impl AskedWindow {
    pub(super) fn is_for_token(&self) -> bool {
        self.target.ends_with("/token")
    }

    /// A parameter of its query, decoded.
    pub(super) fn parameter(&self, name: &str) -> Option<String> {
        let (_, query) = self.target.split_once('?')?;
        let mut pairs = url::form_urlencoded::parse(query.as_bytes());
        pairs.find(|(key, _)| key == name).map(|(_, value)| value.into_owned())
    }
}

/// Answers at an address on loopback until the test ends.
pub(super) async fn serve(answer: impl Fn(&AskedWindow, &str) -> ModelAnswer + Send + Sync + 'static) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    let (answer, own) = (Arc::new(answer), url.clone());
    tokio::spawn(async move {
        loop {
            let (stream, _) = listener.accept().await.unwrap();
            let (answer, own) = (Arc::clone(&answer), own.clone());
            tokio::spawn(async move {
                let mut stream = stream;
                let Some(asked) = read(&mut stream).await else { return };
                let answer = answer(&asked, &own);
                // Who asks may have had enough.
                drop(write(&mut stream, answer).await);
            });
        }
    });
    url
}

async fn read(stream: &mut TcpStream) -> Option<AskedWindow> {
    let mut bytes = Vec::new();
    let mut buffer = [0; 16 * 1024];
    loop {
        let text = String::from_utf8_lossy(&bytes).into_owned();
        if let Some((head, body)) = text.split_once("\r\n\r\n") {
            let length =
                head.lines().find_map(|line| line.to_lowercase().strip_prefix("content-length: ")?.parse().ok());
            if body.len() >= length.unwrap_or(0) {
                let target = head.split_whitespace().nth(1)?.to_owned();
                return Some(AskedWindow { target, text });
            }
        }
        match stream.read(&mut buffer).await.ok()? {
            0 => return None,
            count => bytes.extend_from_slice(buffer.get(..count)?),
        }
    }
}

async fn write(stream: &mut TcpStream, answer: ModelAnswer) -> std::io::Result<()> {
    let mut head =
        format!("HTTP/1.1 {} x\r\nConnection: close\r\nContent-Length: {}\r\n", answer.status, answer.body.len());
    for (name, value) in
        answer.date.iter().map(|date| ("Date", date)).chain(answer.headers.iter().map(|(n, v)| (*n, v)))
    {
        head += &format!("{name}: {value}\r\n");
    }
    stream.write_all((head + "\r\n").as_bytes()).await?;
    stream.write_all(&answer.body).await?;
    stream.shutdown().await
}

//! Documents that a host refuses alone, against hosts that do.

use std::{
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};

use tokio::{
    io::{AsyncBufReadExt as _, AsyncReadExt as _, AsyncWriteExt as _, BufReader},
    net::TcpListener,
};
use url::Url;

use super::{HttpConfig, HttpOutput, settings::BodyFormat};
use crate::{
    outputs::{
        client_settings::{Authentication, BodyConfig, Compression, ConnectionConfig},
        requests::testing::batch,
    },
    pipeline::Output,
};

/// A host that answers `status` to every request in which one of these texts stands, and counts its requests.
async fn picky(status: u16, refused: &'static [&'static str]) -> (HttpOutput, Arc<AtomicUsize>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = Url::parse(&format!("http://{}", listener.local_addr().unwrap())).unwrap();
    let requests = Arc::new(AtomicUsize::new(0));
    let count = Arc::clone(&requests);
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            let mut stream = BufReader::new(stream);
            let (mut length, mut line) = (0, String::new());
            while stream.read_line(&mut line).await.unwrap() > 2 {
                let header = std::mem::take(&mut line).to_lowercase();
                length = header.strip_prefix("content-length:").map_or(length, |it| it.trim().parse().unwrap());
            }
            let mut body = vec![0; length];
            stream.read_exact(&mut body).await.unwrap();
            count.fetch_add(1, Ordering::SeqCst);
            let body = String::from_utf8(body).unwrap();
            let status = if refused.iter().any(|text| body.contains(text)) { status } else { 200 };
            let answer = format!("HTTP/1.1 {status} X\r\nConnection: close\r\nContent-Length: 0\r\n\r\n");
            stream.write_all(answer.as_bytes()).await.unwrap();
        }
    });
    let connection = ConnectionConfig {
        ca_file: None,
        certificate: None,
        proxy_url: None,
        request_timeout: Duration::from_secs(60),
    };
    let config = HttpConfig {
        url,
        format: BodyFormat::JsonArray,
        headers: Vec::new(),
        authentication: Authentication::None,
        connection,
        body: BodyConfig { max_bytes: 1_000_000, max_documents: 1000, compression: Compression::None },
    };
    (HttpOutput::new(&config).unwrap(), requests)
}

fn ids(count: usize) -> Vec<String> {
    (0..count).map(|number| format!("<{number}>")).collect()
}

async fn deliver(output: &mut HttpOutput, ids: &[String]) -> Result<Vec<usize>, String> {
    let ids: Vec<&str> = ids.iter().map(String::as_str).collect();
    let receipt = output.deliver(&batch(&ids)).await.map_err(|error| error.to_string())?;
    Ok(receipt.rejected.iter().map(|rejected| rejected.outcome).collect())
}

#[tokio::test]
async fn one_document_that_a_host_refuses_keeps_no_others_waiting() {
    for status in [400, 422] {
        let (mut output, requests) = picky(status, &["<7>", "<600>"]).await;
        assert_eq!(deliver(&mut output, &ids(1000)).await, Ok(vec![7, 600]));
        assert!(requests.load(Ordering::SeqCst) < 60, "{requests:?}");
        // It takes others, so one that comes alone is the one to blame.
        assert_eq!(deliver(&mut output, &["<7>".to_owned()]).await, Ok(vec![0]));
        // Twice in a row without anything else, it may be the host.
        assert!(deliver(&mut output, &["<7>".to_owned()]).await.is_err());
        assert_eq!(deliver(&mut output, &["<1>".to_owned()]).await, Ok(vec![]));
        assert_eq!(deliver(&mut output, &["<7>".to_owned()]).await, Ok(vec![0]));
    }
}

#[tokio::test]
async fn a_host_that_refuses_everything_empties_nothing_into_the_dead_letter() {
    let (mut output, requests) = picky(400, &["<"]).await;
    for attempt in 1..=2 {
        let error = deliver(&mut output, &ids(1000)).await.unwrap_err();
        assert!(error.contains("answered 400"), "{error}");
        assert!(requests.load(Ordering::SeqCst) <= attempt * 30, "{requests:?}");
    }
    let (mut output, requests) = picky(403, &["<7>"]).await;
    assert!(deliver(&mut output, &ids(1000)).await.is_err());
    assert_eq!(requests.load(Ordering::SeqCst), 1, "this is about something else");
}

//! TLS in front of the fake, for those alone who show a certificate.

use std::{
    net::SocketAddr,
    path::{Path, PathBuf},
    sync::Arc,
};

use rustls_pki_types::{CertificateDer, PrivateKeyDer, pem::PemObject as _};
use tokio::{
    io::copy_bidirectional,
    net::{TcpListener, TcpStream},
};
use tokio_rustls::{
    TlsAcceptor,
    rustls::{RootCertStore, ServerConfig, crypto::ring, server::WebPkiClientVerifier},
};

/// A file of ours: `ca.pem`, `client.pem` or `client-key.pem`, and the same for `server`.
pub fn certificate_file(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures").join(name)
}

/// Takes connections over TLS and passes on what is in them.
pub(crate) async fn serve(listener: TcpListener, behind: SocketAddr) {
    let acceptor = TlsAcceptor::from(Arc::new(config()));
    while let Ok((client, _)) = listener.accept().await {
        let acceptor = acceptor.clone();
        tokio::spawn(async move {
            // Who has no certificate, or does not trust ours, goes away.
            let Ok(mut client) = acceptor.accept(client).await else { return };
            let Ok(mut fake) = TcpStream::connect(behind).await else { return };
            drop(copy_bidirectional(&mut client, &mut fake).await);
        });
    }
}

fn config() -> ServerConfig {
    let certificate = |name| CertificateDer::from_pem_file(certificate_file(name)).unwrap();
    let key = PrivateKeyDer::from_pem_file(certificate_file("server-key.pem")).unwrap();
    let mut roots = RootCertStore::empty();
    roots.add(certificate("ca.pem")).unwrap();
    let provider = Arc::new(ring::default_provider());
    let verifier = WebPkiClientVerifier::builder_with_provider(Arc::new(roots), Arc::clone(&provider)).build().unwrap();
    let builder = ServerConfig::builder_with_provider(provider).with_safe_default_protocol_versions().unwrap();
    builder.with_client_cert_verifier(verifier).with_single_cert(vec![certificate("server.pem")], key).unwrap()
}

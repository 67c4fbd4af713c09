//! Failures on order.

use std::time::Duration;

use akkoord_fake_push::{Fault, Outcome};
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::TcpStream,
    time::timeout,
};

use crate::support::Pair;

const MOMENT: Duration = Duration::from_millis(300);

#[tokio::test]
async fn one_answer_each_and_then_all_is_well() {
    let pair = Pair::new().await;
    let endpoint = pair.subscription.endpoint();
    let other = pair.fake.subscribe_plain(akkoord_fake_push::Service::Own, None).unwrap();
    let faults = [
        Fault::Status(404),
        Fault::Status(500),
        Fault::RetryAfter(429, "120".to_owned()),
        Fault::Redirect("http://127.0.0.1:9/elsewhere".to_owned()),
    ];
    pair.fake.order(endpoint, faults.clone());
    pair.fake.order(other.endpoint(), [Fault::Status(413)]);
    for (fault, status, header) in
        [(0, 404, ""), (1, 500, ""), (2, 429, "retry-after: 120"), (3, 307, "location: http://127.0.0.1:9/elsewhere")]
    {
        let answered = pair.push("hello", &[]).await;
        assert_eq!(answered.status, status);
        assert!(answered.head.contains(header), "{}", answered.head);
        let last = pair.fake.deliveries().pop().unwrap();
        assert_eq!(last.outcome, Outcome::Faulted(faults[fault].clone()));
        assert!(last.claims.is_some());
    }
    assert_eq!(pair.push("now", &[]).await.status, 201);
    assert_eq!(pair.collect(), ["now"], "what met a fault did not arrive");
}

/// A connection on which a push has been sent that meets this.
async fn meeting(pair: &Pair, fault: Fault) -> TcpStream {
    let count = pair.fake.deliveries().len();
    pair.fake.order(pair.subscription.endpoint(), [fault]);
    let address = pair.fake.base().replace("http://", "");
    let mut stream = TcpStream::connect(address).await.unwrap();
    stream.write_all(format!("POST {} HTTP/1.1\r\n\r\n", pair.cut().1).as_bytes()).await.unwrap();
    pair.fake.wait_for(count + 1).await.unwrap();
    stream
}

#[tokio::test]
async fn answers_that_never_end() {
    let pair = Pair::new().await;
    let mut bytes = Vec::new();
    let mut stream = meeting(&pair, Fault::SlowHeaders).await;
    assert!(timeout(MOMENT, stream.read_to_end(&mut bytes)).await.is_err());
    let text = String::from_utf8(bytes.clone()).unwrap();
    assert!(text.starts_with("HTTP/1.1 201") && !text.contains("\r\n\r\n"), "{text}");
    assert!(text.ends_with("x-slow: aa") || text.ends_with("aaa"), "it goes on: {text}");

    let mut stream = meeting(&pair, Fault::EndlessBody).await;
    let mut body = vec![0; 1024 * 1024];
    stream.read_exact(&mut body).await.unwrap();
    assert!(body.starts_with(b"HTTP/1.1 201") && body.ends_with(b"aaaa"));

    let mut stream = meeting(&pair, Fault::Hang).await;
    assert!(timeout(MOMENT, stream.read_u8()).await.is_err());
    drop(pair);
    assert!(stream.read_u8().await.is_err(), "connections end with the service");
}

#[tokio::test]
async fn no_answer_at_all() {
    let pair = Pair::new().await;
    let mut stream = meeting(&pair, Fault::Drop).await;
    let mut bytes = Vec::new();
    stream.read_to_end(&mut bytes).await.unwrap();
    assert!(bytes.is_empty());
}

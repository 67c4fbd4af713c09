//! An orderly stop of the program, with people in the middle of things.

use std::{
    io::{Read, Write},
    net::TcpStream,
    time::{Duration, Instant},
};

use akkoord_simulator::steps;

use crate::{
    faults::{ADA, Machine, enrol},
    support::pin,
};

async fn soon<T>(what: impl Future<Output = T>) -> T {
    tokio::time::timeout(Duration::from_secs(5), what).await.expect("it came soon")
}

#[tokio::test]
async fn a_stop_ends_streams_at_once_answers_what_was_begun_and_all_go_on_after_a_start() {
    let mut machine = Machine::new().await;
    let (phone, _) = enrol(&mut machine, false).await;
    let mut browser = machine.browser();
    let number = steps::start_sign_in(&mut browser, ADA).await.unwrap();
    let mut page = browser.events("/signin/events").await.unwrap();
    assert!(soon(page.next()).await.unwrap().is_some());
    let mut app = phone.events().await.unwrap();
    assert!(soon(app.next()).await.unwrap().is_some());
    // A call whose body is on its way, and a browser that keeps its connection for the next page.
    let host = machine.ready().phone.strip_prefix("http://").unwrap().to_owned();
    let connect = || TcpStream::connect(("127.0.0.1", machine.port())).unwrap();
    let (mut begun, mut idle) = (connect(), connect());
    let json = "content-type: application/json\r\ncontent-length: 2\r\n\r\n";
    let call = format!("POST /phone/v1/nonce HTTP/1.1\r\nhost: {host}\r\n{json}");
    begun.write_all(call.as_bytes()).unwrap();
    idle.write_all(format!("{call}{{}}").as_bytes()).unwrap();
    let mut bytes = [0; 4096];
    assert!(idle.read(&mut bytes).unwrap() > 0);

    let asked = Instant::now();
    let stopping = tokio::spawn(machine.take().stop());
    // Ended by us and not cut off: then pages and phones come back by themselves and say nothing of an error.
    assert!(soon(page.next()).await.unwrap().is_none(), "the page's stream ends");
    assert!(soon(app.next()).await.unwrap().is_none(), "the phone's stream ends");
    assert!(!stopping.is_finished(), "the call that was begun is waited for");
    begun.write_all(b"{}").unwrap();
    let answer = tokio::task::spawn_blocking(move || {
        let mut answer = String::new();
        begun.read_to_string(&mut answer).unwrap();
        answer
    });
    let answer = soon(answer).await.unwrap();
    assert!(answer.starts_with("HTTP/1.1 2") && answer.contains("phone-nonce: "), "{answer}");
    soon(stopping).await.unwrap().expect("it ends with 0");
    assert!(asked.elapsed() < Duration::from_secs(5), "{:?}", asked.elapsed());
    assert_eq!(idle.read(&mut bytes).unwrap(), 0, "an idle connection is closed");

    machine.start().await;
    let mut page = browser.events("/signin/events").await.unwrap();
    let request = phone.pending().await.unwrap().waiting.remove(0);
    phone.approve(&request, &number, &pin()).await.unwrap();
    page.state("approved", Duration::from_secs(5)).await.unwrap();
    steps::finish_sign_in(&mut browser).await.unwrap();
}

//! What the weather does to what is said through a proxy.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::io::{self, Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::thread;
use std::time::{Duration, Instant};

use orgbridge_chaos::{Proxy, Way, Weather};

/// So long nothing comes where nothing is to come.
const A_WHILE: Duration = Duration::from_millis(150);

/// No wait is longer.
const PATIENCE: Duration = Duration::from_secs(20);

/// A proxy before somebody who says everything back.
fn echo() -> Proxy {
    Proxy::start(somebody()).unwrap()
}

/// Somebody who says everything back.
fn somebody() -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    thread::spawn(move || {
        for stream in listener.incoming() {
            let stream = stream.unwrap();
            thread::spawn(move || io::copy(&mut &stream, &mut &stream));
        }
    });
    address
}

fn connect(proxy: &Proxy) -> TcpStream {
    let stream = TcpStream::connect(proxy.address()).unwrap();
    stream.set_read_timeout(Some(PATIENCE)).unwrap();
    stream
}

fn say(stream: &mut TcpStream, words: &str) {
    stream.write_all(words.as_bytes()).unwrap();
}

fn hear(stream: &mut TcpStream, words: &str) {
    let mut heard = vec![0; words.len()];
    stream.read_exact(&mut heard).unwrap();
    assert_eq!(heard, words.as_bytes());
}

fn hear_nothing(stream: &mut TcpStream) {
    stream.set_read_timeout(Some(A_WHILE)).unwrap();
    let error = stream.read(&mut [0]).unwrap_err();
    assert!(matches!(error.kind(), io::ErrorKind::WouldBlock | io::ErrorKind::TimedOut), "{error}");
    stream.set_read_timeout(Some(PATIENCE)).unwrap();
}

/// Whether the line is at its end. One that is cut may be reset.
fn is_down(stream: &mut TcpStream) -> bool {
    stream
        .read(&mut [0])
        .map_or_else(|error| error.kind() == io::ErrorKind::ConnectionReset, |read| read == 0)
}

#[test]
fn in_clear_weather_everything_is_passed_on() {
    let proxy = echo();
    let mut stream = connect(&proxy);
    say(&mut stream, "hello");
    hear(&mut stream, "hello");
    stream.shutdown(std::net::Shutdown::Write).unwrap();
    assert!(is_down(&mut stream));
}

#[test]
fn what_is_stalled_is_kept_back_until_it_clears_up() {
    for way in [Way::There, Way::Back] {
        let proxy = echo();
        let mut stream = connect(&proxy);
        say(&mut stream, "before");
        hear(&mut stream, "before");
        proxy.set(Weather::Stalled(way));
        say(&mut stream, "meanwhile");
        hear_nothing(&mut stream);
        proxy.set(Weather::Clear);
        hear(&mut stream, "meanwhile");
    }
}

#[test]
fn what_is_slow_comes_later() {
    let proxy = echo();
    let mut stream = connect(&proxy);
    proxy.set(Weather::Slow(A_WHILE));
    let began = Instant::now();
    say(&mut stream, "hello");
    hear(&mut stream, "hello");
    assert!(began.elapsed() >= 2 * A_WHILE, "once there and once back");
}

#[test]
fn who_is_deaf_hears_nothing_of_what_they_asked_to_be_told() {
    let proxy = echo();
    let (mut listener, mut other) = (connect(&proxy), connect(&proxy));
    say(&mut listener, "LISTEN news;");
    hear(&mut listener, "LISTEN news;");
    proxy.set(Weather::Deaf);
    say(&mut listener, "news");
    say(&mut other, "hello");
    hear(&mut other, "hello");
    hear_nothing(&mut listener);
    proxy.set(Weather::Clear);
    hear(&mut listener, "news");
}

#[test]
fn whoever_is_to_be_led_elsewhere_connects_anew_and_is() {
    let nowhere = TcpListener::bind("127.0.0.1:0").unwrap();
    let proxy = Proxy::start(nowhere.local_addr().unwrap()).unwrap();
    let mut stream = connect(&proxy);
    say(&mut stream, "to nobody");
    hear_nothing(&mut stream);
    proxy.lead_to(somebody());
    assert!(is_down(&mut stream));
    let mut stream = connect(&proxy);
    say(&mut stream, "hello");
    hear(&mut stream, "hello");
}

#[test]
fn lines_are_cut_and_stay_cut_until_it_clears_up() {
    let proxy = echo();
    let mut stream = connect(&proxy);
    say(&mut stream, "before");
    hear(&mut stream, "before");
    proxy.set(Weather::Cut);
    assert!(is_down(&mut stream));
    assert!(is_down(&mut connect(&proxy)));
    proxy.set(Weather::Clear);
    let mut stream = connect(&proxy);
    say(&mut stream, "after");
    hear(&mut stream, "after");
}

//! Follows the bytes of an HTTP/1 connection and refuses what two readers could understand differently.
//!
//! Request smuggling lives on disagreement: a proxy sees one request where the server sees two. hyper's
//! parser is lenient where the old RFCs were (a bare LF ends a line, `Host` may be absent or repeated,
//! `Content-Length` yields to `Transfer-Encoding`). The [`Guard`] stands before it, reads the same bytes and
//! lets through only what has one reading. It holds nothing back: what it has accepted is passed on, and from
//! the first byte of doubt on nothing is.
//!
//! Source: RFC 9112, sections 2.2, 3, 5, 6, 7 and 11.2.

use memchr::memchr;

/// Bytes that a message may spend on all but its content: request line, header, chunk extensions and trailer.
pub const HEAD_LIMIT: usize = 16 * 1024;

/// Header and trailer lines that a message may have.
pub const FIELD_LIMIT: usize = 100;

/// Bytes of a line that announces a chunk. Sizes have eight digits at most, and nobody sends extensions of
/// substance.
const CHUNK_LINE_LIMIT: usize = 128;

/// Hexadecimal digits of a chunk size: 4 GiB is far beyond what anyone sends in one piece.
const CHUNK_SIZE_DIGITS: usize = 8;

/// Why a connection was refused. `Display` is the text that the client reads.
#[derive(Clone, Copy, Debug, Eq, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum Malformed {
    /// LF without CR before it.
    #[error("a line ends without a carriage return")]
    BareLineFeed,
    /// CR that no LF follows.
    #[error("a carriage return stands inside a line")]
    BareCarriageReturn,
    /// NUL, DEL or another control character but HTAB.
    #[error("a line holds a control character")]
    ControlCharacter,
    /// Not `method SP target SP version`.
    #[error("the request line is not a method, a target and a version with one space between")]
    RequestLine,
    /// Neither HTTP/1.0 nor HTTP/1.1.
    #[error("the protocol version is not supported")]
    Version,
    /// Neither a path nor a URL, or with characters that neither may hold.
    #[error("the request target is not a valid path or URL")]
    Target,
    /// `CONNECT`: this is no proxy.
    #[error("CONNECT is not supported")]
    Connect,
    /// More than [`HEAD_LIMIT`] bytes.
    #[error("the request head is larger than 16 KiB")]
    HeadTooLarge,
    /// More than [`FIELD_LIMIT`] lines.
    #[error("the request has more than 100 header fields")]
    TooManyFields,
    /// A header line that starts with a space or a tab, which once continued the line before.
    #[error("a header line is folded")]
    FoldedLine,
    /// `Name : value`.
    #[error("a header name is followed by a space")]
    SpaceBeforeColon,
    /// A header line without a name, without a colon, or whose name is no token.
    #[error("a header line is not a name, a colon and a value")]
    FieldLine,
    /// HTTP/1.1 without `Host`.
    #[error("the Host header is missing")]
    HostMissing,
    /// A second `Host`, be it equal to the first.
    #[error("the Host header is repeated")]
    HostRepeated,
    /// Not a host name or address with an optional port.
    #[error("the Host header is not a valid host")]
    HostInvalid,
    /// A URL as target, or an `:authority`, that names another host than `Host` does.
    #[error("the Host header differs from the host of the request target")]
    HostDiffers,
    /// A second `Content-Length`, be it equal to the first.
    #[error("the Content-Length header is repeated")]
    LengthRepeated,
    /// Not a decimal number below 2^63.
    #[error("the Content-Length header is not a valid length")]
    LengthInvalid,
    /// Both `Content-Length` and `Transfer-Encoding`.
    #[error("Content-Length and Transfer-Encoding exclude each other")]
    LengthAndEncoding,
    /// A transfer encoding that is not `chunked` once, or one in HTTP/1.0.
    #[error("the only supported Transfer-Encoding is chunked, in HTTP/1.1")]
    TransferEncoding,
    /// A chunk size that is no hexadecimal number of at most eight digits, or an endless line.
    #[error("a chunk size is invalid")]
    ChunkSize,
    /// A chunk that doesn't end where its size says.
    #[error("a chunk does not end where its size says")]
    ChunkEnd,
    /// A trailer field that would change what the message is.
    #[error("a trailer field is not allowed")]
    TrailerField,
}

/// What [`Guard::feed`] says of bytes that can't all be passed on.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Refused {
    /// What is wrong.
    pub reason: Malformed,
    /// How many of the bytes fed last belong to complete messages before the malformed one, and may be passed
    /// on.
    pub intact: usize,
}

/// Where in the exchange a client is.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Stage {
    /// The last message is complete and the next has not begun.
    Between,
    /// A head has begun and not ended.
    Head,
    /// A head is complete, its content is not.
    Content,
}

/// The state machine. One per connection; see the module's documentation.
#[derive(Debug, Default)]
pub struct Guard {
    expected: Expected,
    /// The part of a line that came with earlier bytes. Its buffer is allocated once, when a line is first
    /// torn.
    torn_line: Vec<u8>,
    message: Message,
    /// The host of an absolute target, until `Host` confirms it. Kept apart to reuse its buffer.
    target_host: Vec<u8>,
    heads: u64,
    messages: u64,
}

/// What the next byte belongs to.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
enum Expected {
    #[default]
    RequestLine,
    HeaderLine,
    Content {
        left: u64,
    },
    ChunkSize,
    Chunk {
        left: u64,
    },
    ChunkEnd,
    TrailerLine,
}

/// What is known of the message being read.
#[derive(Debug, Default)]
struct Message {
    spent: usize,
    fields: usize,
    version: Version,
    has_host: bool,
    has_target_host: bool,
    length: Option<u64>,
    is_chunked: bool,
}

#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
enum Version {
    Http10,
    #[default]
    Http11,
}

impl Guard {
    /// A guard of a fresh connection.
    pub fn new() -> Self {
        Self::default()
    }

    /// Follows the next bytes of the connection. How the stream is cut into calls makes no difference to the
    /// verdict.
    ///
    /// # Errors
    /// [`Refused`] if a message is malformed. The connection can't be understood after that: feed it nothing
    /// more.
    pub fn feed(&mut self, bytes: &[u8]) -> Result<(), Refused> {
        let mut intact = 0;
        let mut rest = bytes;
        while !rest.is_empty() {
            let before = self.messages;
            rest = self.step(rest).map_err(|reason| Refused { reason, intact })?;
            if self.messages > before {
                intact = bytes.len() - rest.len();
            }
        }
        Ok(())
    }

    /// Where the client is after all that was fed.
    pub fn stage(&self) -> Stage {
        match self.expected {
            Expected::RequestLine if self.message.spent == 0 && self.torn_line.is_empty() => Stage::Between,
            Expected::RequestLine | Expected::HeaderLine => Stage::Head,
            _ => Stage::Content,
        }
    }

    /// How many heads are complete.
    pub fn heads(&self) -> u64 {
        self.heads
    }

    /// How many messages are complete, content included.
    pub fn messages(&self) -> u64 {
        self.messages
    }

    /// Consumes a piece of content or a line, whole or torn; returns what remains.
    fn step<'a>(&mut self, bytes: &'a [u8]) -> Result<&'a [u8], Malformed> {
        match self.expected {
            Expected::Content { left } => {
                let (left, rest) = skip(left, bytes);
                self.expected = Expected::Content { left };
                if left == 0 {
                    self.end_message();
                }
                Ok(rest)
            }
            Expected::Chunk { left } => {
                let (left, rest) = skip(left, bytes);
                self.expected = if left == 0 { Expected::ChunkEnd } else { Expected::Chunk { left } };
                Ok(rest)
            }
            _ => self.step_line(bytes),
        }
    }

    fn step_line<'a>(&mut self, bytes: &'a [u8]) -> Result<&'a [u8], Malformed> {
        let end = memchr(b'\n', bytes);
        let (part, rest) = bytes.split_at(end.map_or(bytes.len(), |at| at + 1));
        // Checked on torn lines too: an endless line is refused at the same byte however it is cut.
        let (limit, too_long) = self.line_limit();
        if self.torn_line.len() + part.len() > limit {
            return Err(too_long);
        }
        if end.is_none() {
            self.torn_line.extend_from_slice(part);
        } else if self.torn_line.is_empty() {
            self.read_line(part)?;
        } else {
            let mut line = std::mem::take(&mut self.torn_line);
            line.extend_from_slice(part);
            self.read_line(&line)?;
            line.clear();
            self.torn_line = line;
        }
        Ok(rest)
    }

    /// How long the expected line may be with its end, and what it is if it is longer.
    fn line_limit(&self) -> (usize, Malformed) {
        match self.expected {
            Expected::ChunkSize => (CHUNK_LINE_LIMIT, Malformed::ChunkSize),
            Expected::ChunkEnd => (b"\r\n".len(), Malformed::ChunkEnd),
            _ => (HEAD_LIMIT - self.message.spent, Malformed::HeadTooLarge),
        }
    }

    fn read_line(&mut self, line: &[u8]) -> Result<(), Malformed> {
        let text = line.strip_suffix(b"\r\n").ok_or(Malformed::BareLineFeed)?;
        // Without an early exit the compiler checks many bytes at once.
        if text.iter().fold(false, |found, &byte| found | is_control(byte)) {
            let is_return = memchr(b'\r', text).is_some();
            return Err(if is_return { Malformed::BareCarriageReturn } else { Malformed::ControlCharacter });
        }
        match self.expected {
            Expected::ChunkSize => return self.read_chunk_size(text),
            Expected::ChunkEnd if text.is_empty() => {
                self.expected = Expected::ChunkSize;
                return Ok(());
            }
            Expected::ChunkEnd => return Err(Malformed::ChunkEnd),
            _ => {}
        }
        // One empty line before a request is tolerated, as RFC 9112 (2.2) asks: old clients end a form with
        // one.
        let is_stray_line =
            self.expected == Expected::RequestLine && text.is_empty() && self.message.spent == 0;
        self.message.spent += line.len();
        match self.expected {
            Expected::RequestLine if is_stray_line => Ok(()),
            Expected::RequestLine => self.read_request_line(text),
            Expected::TrailerLine if text.is_empty() => {
                self.end_message();
                Ok(())
            }
            Expected::TrailerLine => self.read_trailer_line(text),
            _ if text.is_empty() => self.end_head(),
            _ => self.read_header_line(text),
        }
    }

    fn read_request_line(&mut self, line: &[u8]) -> Result<(), Malformed> {
        let (method, rest) = split_at_space(line).ok_or(Malformed::RequestLine)?;
        let (target, version) = split_at_space(rest).ok_or(Malformed::RequestLine)?;
        if method.is_empty() || !method.iter().all(|&byte| is(TOKEN, byte)) || target.is_empty() {
            return Err(Malformed::RequestLine);
        }
        self.message.version = match version {
            b"HTTP/1.1" => Version::Http11,
            b"HTTP/1.0" => Version::Http10,
            _ if version.starts_with(b"HTTP/") && memchr(b' ', version).is_none() => {
                return Err(Malformed::Version);
            }
            _ => return Err(Malformed::RequestLine),
        };
        if method == b"CONNECT" {
            return Err(Malformed::Connect);
        }
        self.read_target(method, target)?;
        self.expected = Expected::HeaderLine;
        Ok(())
    }

    fn read_target(&mut self, method: &[u8], target: &[u8]) -> Result<(), Malformed> {
        if !target.iter().all(|&byte| is(TARGET, byte)) {
            return Err(Malformed::Target);
        }
        if target[0] == b'/' || (target == b"*" && method == b"OPTIONS") {
            return Ok(());
        }
        let after_scheme = strip_prefix_ignoring_case(target, b"http://")
            .or_else(|| strip_prefix_ignoring_case(target, b"https://"))
            .ok_or(Malformed::Target)?;
        let end =
            after_scheme.iter().position(|byte| matches!(byte, b'/' | b'?')).unwrap_or(after_scheme.len());
        let host = &after_scheme[..end];
        if !is_host(host) {
            return Err(Malformed::Target);
        }
        self.target_host.clear();
        self.target_host.extend_from_slice(host);
        self.message.has_target_host = true;
        Ok(())
    }

    fn read_header_line(&mut self, line: &[u8]) -> Result<(), Malformed> {
        let (name, value) = self.read_field(line)?;
        // The length tells the few names that matter from the many that don't.
        match name.len() {
            4 if name.eq_ignore_ascii_case(b"host") => self.read_host(value),
            14 if name.eq_ignore_ascii_case(b"content-length") => self.read_content_length(value),
            17 if name.eq_ignore_ascii_case(b"transfer-encoding") => self.read_transfer_encoding(value),
            _ => Ok(()),
        }
    }

    /// Splits a header or trailer line and counts it.
    fn read_field<'a>(&mut self, line: &'a [u8]) -> Result<(&'a [u8], &'a [u8]), Malformed> {
        self.message.fields += 1;
        if self.message.fields > FIELD_LIMIT {
            return Err(Malformed::TooManyFields);
        }
        if is_blank(line[0]) {
            return Err(Malformed::FoldedLine);
        }
        let name_end = line.iter().position(|&byte| !is(TOKEN, byte)).ok_or(Malformed::FieldLine)?;
        match line[name_end] {
            b':' if name_end > 0 => Ok((&line[..name_end], trim_blanks(&line[name_end + 1..]))),
            byte if is_blank(byte) => Err(Malformed::SpaceBeforeColon),
            _ => Err(Malformed::FieldLine),
        }
    }

    fn read_host(&mut self, value: &[u8]) -> Result<(), Malformed> {
        if self.message.has_host {
            return Err(Malformed::HostRepeated);
        }
        self.message.has_host = true;
        if !is_host(value) {
            return Err(Malformed::HostInvalid);
        }
        if self.message.has_target_host && !self.target_host.eq_ignore_ascii_case(value) {
            return Err(Malformed::HostDiffers);
        }
        Ok(())
    }

    fn read_content_length(&mut self, value: &[u8]) -> Result<(), Malformed> {
        if self.message.length.is_some() {
            return Err(Malformed::LengthRepeated);
        }
        if self.message.is_chunked {
            return Err(Malformed::LengthAndEncoding);
        }
        self.message.length = Some(parse_length(value).ok_or(Malformed::LengthInvalid)?);
        Ok(())
    }

    fn read_transfer_encoding(&mut self, value: &[u8]) -> Result<(), Malformed> {
        if self.message.length.is_some() {
            return Err(Malformed::LengthAndEncoding);
        }
        let is_chunked_once = value.eq_ignore_ascii_case(b"chunked") && !self.message.is_chunked;
        if !is_chunked_once || self.message.version == Version::Http10 {
            return Err(Malformed::TransferEncoding);
        }
        self.message.is_chunked = true;
        Ok(())
    }

    fn end_head(&mut self) -> Result<(), Malformed> {
        if !self.message.has_host && self.message.version == Version::Http11 {
            return Err(Malformed::HostMissing);
        }
        self.heads += 1;
        match self.message.length {
            _ if self.message.is_chunked => self.expected = Expected::ChunkSize,
            None | Some(0) => self.end_message(),
            Some(left) => self.expected = Expected::Content { left },
        }
        Ok(())
    }

    fn read_chunk_size(&mut self, line: &[u8]) -> Result<(), Malformed> {
        let digits = line.iter().position(|byte| !byte.is_ascii_hexdigit()).unwrap_or(line.len());
        let (size, extension) = line.split_at(digits);
        if size.is_empty()
            || size.len() > CHUNK_SIZE_DIGITS
            || !matches!(extension.first(), None | Some(b';'))
        {
            return Err(Malformed::ChunkSize);
        }
        self.message.spent += extension.len();
        if self.message.spent > HEAD_LIMIT {
            return Err(Malformed::HeadTooLarge);
        }
        let size = size.iter().fold(0, |size, &digit| size * 16 + hex_value(digit));
        self.expected = if size == 0 { Expected::TrailerLine } else { Expected::Chunk { left: size } };
        Ok(())
    }

    fn read_trailer_line(&mut self, line: &[u8]) -> Result<(), Malformed> {
        let (name, _) = self.read_field(line)?;
        let changes_the_message = [&b"host"[..], b"content-length", b"transfer-encoding"]
            .iter()
            .any(|known| name.eq_ignore_ascii_case(known));
        if changes_the_message { Err(Malformed::TrailerField) } else { Ok(()) }
    }

    fn end_message(&mut self) {
        self.messages += 1;
        self.message = Message::default();
        self.expected = Expected::RequestLine;
    }
}

/// Whether `value` is a host name, an IPv4 address or a bracketed IPv6 address, with or without a port.
///
/// Narrower than RFC 3986, which lets a name hold commas and other delimiters that no host has and that make
/// one value look like two.
pub(crate) fn is_host(value: &[u8]) -> bool {
    let (is_name, port) = if let Some(inside) = value.strip_prefix(b"[") {
        let Some(end) = memchr(b']', inside) else { return false };
        (is_ipv6(&inside[..end]), &inside[end + 1..])
    } else {
        let end = memchr(b':', value).unwrap_or(value.len());
        let name = &value[..end];
        (!name.is_empty() && name.iter().all(|&byte| is(HOST_NAME, byte)), &value[end..])
    };
    is_name && (port.is_empty() || port.strip_prefix(b":").is_some_and(is_port))
}

fn is_ipv6(text: &[u8]) -> bool {
    std::str::from_utf8(text).is_ok_and(|text| text.parse::<std::net::Ipv6Addr>().is_ok())
}

fn is_port(digits: &[u8]) -> bool {
    digits.len() <= 5 && parse_length(digits).is_some_and(|port| u16::try_from(port).is_ok())
}

/// A decimal number below 2^63, of digits alone.
fn parse_length(digits: &[u8]) -> Option<u64> {
    // 19 digits fit into 64 bits, so the sum can't overflow.
    if digits.is_empty() || digits.len() > 19 || !digits.iter().all(u8::is_ascii_digit) {
        return None;
    }
    let length = digits.iter().fold(0, |length: u64, digit| length * 10 + u64::from(digit - b'0'));
    i64::try_from(length).is_ok().then_some(length)
}

fn hex_value(digit: u8) -> u64 {
    u64::from(match digit {
        b'0'..=b'9' => digit - b'0',
        _ => (digit | 0x20) - b'a' + 10,
    })
}

/// Skips up to `left` bytes; returns how many are left to skip, and the bytes after.
fn skip(left: u64, bytes: &[u8]) -> (u64, &[u8]) {
    let count = usize::try_from(left).unwrap_or(usize::MAX).min(bytes.len());
    (left - count as u64, &bytes[count..])
}

fn split_at_space(bytes: &[u8]) -> Option<(&[u8], &[u8])> {
    memchr(b' ', bytes).map(|at| (&bytes[..at], &bytes[at + 1..]))
}

fn strip_prefix_ignoring_case<'a>(bytes: &'a [u8], prefix: &[u8]) -> Option<&'a [u8]> {
    let (start, rest) = bytes.split_at_checked(prefix.len())?;
    start.eq_ignore_ascii_case(prefix).then_some(rest)
}

fn trim_blanks(mut bytes: &[u8]) -> &[u8] {
    while let [first, rest @ ..] = bytes
        && is_blank(*first)
    {
        bytes = rest;
    }
    while let [rest @ .., last] = bytes
        && is_blank(*last)
    {
        bytes = rest;
    }
    bytes
}

fn is_blank(byte: u8) -> bool {
    matches!(byte, b' ' | b'\t')
}

fn is_control(byte: u8) -> bool {
    (byte < b' ' && byte != b'\t') || byte == 0x7f
}

/// A character of a method or header name. Source: RFC 9110, section 5.6.2.
const TOKEN: u8 = 1;
/// A character of a target: those of RFC 3986, and some that clients send unescaped. No `#`, no `\`, no
/// quotes.
const TARGET: u8 = 2;
/// A character of a host name. `_` is in no RFC and in many internal names.
const HOST_NAME: u8 = 4;

/// The classes that each byte belongs to.
static CLASSES: [u8; 256] = {
    let every = TOKEN | TARGET | HOST_NAME;
    let mut classes = [0; 256];
    classes = with_class(classes, every, b"0123456789");
    classes = with_class(classes, every, b"abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ");
    classes = with_class(classes, TOKEN, b"!#$%&'*+-.^_`|~");
    classes = with_class(classes, TARGET, b"-._~!$&'()*+,;=:@/?%[]{}|^");
    with_class(classes, HOST_NAME, b"-._")
};

const fn with_class(mut classes: [u8; 256], class: u8, members: &[u8]) -> [u8; 256] {
    let mut index = 0;
    while index < members.len() {
        classes[members[index] as usize] |= class;
        index += 1;
    }
    classes
}

fn is(class: u8, byte: u8) -> bool {
    CLASSES[usize::from(byte)] & class != 0
}

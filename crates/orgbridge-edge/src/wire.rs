//! The byte stream of a connection as hyper sees it: timed and, on HTTP/1, screened.

use std::io::{self, IoSlice};
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::time::Instant;

use crate::deadlines::{Alarm, Stall};
use crate::guard::{Malformed, Stage};
use crate::link::{Link, Verdict};
use crate::opening::Opening;
use crate::screen::Screen;
use crate::settings::EdgeSettings;

/// How long an HTTP/2 client without requests may take to acknowledge that the connection closes. hyper would
/// wait for as long as it takes; HTTP/1 needs no acknowledgement.
const FAREWELL: Duration = Duration::from_secs(1);

/// How many bytes are copied into one piece rather than written in several: the head and the content of a small answer, for
/// which the system takes longer to gather them.
const SMALL_PIECE: usize = 2048;

/// A stream that passes [`Verdict`]s on its client.
///
/// It never fails for them: hyper would answer an error in its own way. Instead it stays pending, and the
/// task that drives the connection takes it back from hyper.
#[derive(Debug)]
pub(crate) struct Wire<T> {
    stream: T,
    opening: Opening,
    screen: Option<Screen>,
    link: Arc<Link>,
    settings: Arc<EdgeSettings>,
    silence: Alarm,
    stall: Stall,
}

impl<T: AsyncRead + AsyncWrite + Unpin> Wire<T> {
    /// A stream of HTTP/1 messages.
    pub(crate) fn http1(stream: T, opening: Opening, link: Arc<Link>, settings: Arc<EdgeSettings>) -> Self {
        let screen = Some(Screen::new(opening.since()));
        Self { screen, ..Self::http2(stream, opening, link, settings) }
    }

    /// A stream of HTTP/2 frames. Those have one reading only, and h2 sees to it.
    pub(crate) fn http2(stream: T, opening: Opening, link: Arc<Link>, settings: Arc<EdgeSettings>) -> Self {
        let (silence, stall) = (Alarm::default(), Stall::default());
        Self { stream, opening, screen: None, link, settings, silence, stall }
    }

    /// Whether the client may be still sending what nobody will read.
    pub(crate) fn is_mid_request(&self) -> bool {
        let is_mid_request =
            |screen: &Screen| screen.malformed().is_some() || screen.stage().0 != Stage::Between;
        self.screen.as_ref().is_some_and(is_mid_request)
    }

    /// What is wrong with what the client sent, if anything is.
    pub(crate) fn malformed(&self) -> Option<Malformed> {
        self.screen.as_ref()?.malformed()
    }

    pub(crate) fn into_stream(self) -> T {
        self.stream
    }

    fn poll_replay_or_read(&mut self, cx: &mut Context<'_>, buf: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        if self.opening.replay(buf) {
            return Poll::Ready(Ok(()));
        }
        Pin::new(&mut self.stream).poll_read(cx, buf)
    }

    /// Until when the client must have done something; `None` while it is the service's turn.
    fn silence_ends_at(&self) -> Option<Instant> {
        let settings = &self.settings;
        let progress = self.link.progress();
        let requests = match &self.screen {
            Some(screen) => match screen.stage() {
                (Stage::Head, since) => return Some(since + settings.header_timeout),
                (Stage::Content, since) => return Some(since + settings.body_timeout),
                (Stage::Between, _) => screen.requests(),
            },
            None => progress.called,
        };
        let moved_at = self.link.moved_at();
        if progress.finished == requests {
            Some(match self.link.finishing_since() {
                Some(since) => since.max(moved_at) + FAREWELL,
                None => moved_at + settings.idle_timeout,
            })
        } else if self.screen.is_none() && progress.answered == requests {
            // All that is left to do is to send, and the client grants no window for it: a reader that
            // doesn't read, but one that the socket doesn't show.
            Some(moved_at + settings.write_timeout)
        } else {
            None
        }
    }

    /// Called when there is nothing to read: ends the connection if that has been so for too long.
    fn watch_silence(&mut self, cx: &mut Context<'_>) {
        match self.silence_ends_at() {
            Some(deadline) => {
                if self.silence.poll_past(cx, deadline).is_ready() {
                    self.link.judge(Verdict::TimedOut);
                }
            }
            // hyper doesn't poll again when the answer is out and nothing has come in.
            None => self.silence.wake_within(cx, self.settings.idle_timeout),
        }
    }

    /// Writes unless the verdict is that nothing more be written; ends the connection if there was no
    /// progress for too long.
    fn poll_writing<R>(
        &mut self,
        cx: &mut Context<'_>,
        write: impl FnOnce(Pin<&mut T>, &mut Context<'_>) -> Poll<R>,
    ) -> Poll<R> {
        if matches!(self.link.verdict(), Some(Verdict::Malformed | Verdict::MalformedTooLate)) {
            return Poll::Pending;
        }
        let outcome = write(Pin::new(&mut self.stream), cx);
        if self.stall.poll_past(cx, &outcome, self.settings.write_timeout).is_ready() {
            self.link.judge(Verdict::TimedOut);
        }
        outcome
    }

    /// The verdict on a malformed message, unless an answer to one before it is still to be sent.
    fn verdict_if_due(&self) -> Option<Verdict> {
        self.screen.as_ref()?.verdict(self.link.progress()).filter(|_| !self.stall.is_blocked())
    }

    /// Called when hyper reads: if it does, it has not announced that the connection closes, and a refusal
    /// may follow the answers so far.
    fn judge_at_read(&self) {
        if let Some(verdict) = self.verdict_if_due() {
            self.link.judge(verdict);
        }
    }

    /// Called when hyper has sent all that it has, which a malformed message may have waited for.
    fn judge_after_flush(&mut self, cx: &mut Context<'_>) {
        match self.verdict_if_due() {
            // hyper must read once more, and doesn't by itself: it was told that there is nothing to read.
            Some(Verdict::Malformed) if self.screen.as_mut().is_some_and(Screen::nudge) => {
                cx.waker().wake_by_ref();
            }
            Some(Verdict::Malformed) | None => {}
            Some(verdict) => self.link.judge(verdict),
        }
    }
}

impl<T: AsyncRead + AsyncWrite + Unpin> AsyncRead for Wire<T> {
    fn poll_read(self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        let this = self.get_mut();
        if this.malformed().is_some() {
            this.judge_at_read();
            return Poll::Pending;
        }
        let start = buf.filled().len();
        if this.poll_replay_or_read(cx, buf)?.is_pending() {
            this.watch_silence(cx);
            return Poll::Pending;
        }
        let Some(screen) = &mut this.screen else { return Poll::Ready(Ok(())) };
        let passed = screen.inspect(&buf.filled()[start..]);
        this.link.note_arriving(screen.arriving());
        buf.set_filled(start + passed);
        if screen.malformed().is_some() && passed == 0 {
            this.judge_at_read();
            return Poll::Pending;
        }
        Poll::Ready(Ok(()))
    }
}

impl<T: AsyncRead + AsyncWrite + Unpin> AsyncWrite for Wire<T> {
    fn poll_write(self: Pin<&mut Self>, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        self.get_mut().poll_writing(cx, |stream, cx| stream.poll_write(cx, bytes))
    }

    fn poll_write_vectored(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        slices: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let mut piece = [0; SMALL_PIECE];
        self.get_mut().poll_writing(cx, |stream, cx| match gathered(slices, &mut piece) {
            Some(bytes) => stream.poll_write(cx, bytes),
            None => stream.poll_write_vectored(cx, slices),
        })
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }

    fn poll_flush(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        let this = self.get_mut();
        let outcome = ready!(this.poll_writing(cx, T::poll_flush));
        this.judge_after_flush(cx);
        Poll::Ready(outcome)
    }

    fn poll_shutdown(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.get_mut().poll_writing(cx, T::poll_shutdown)
    }
}

/// All `slices` in one piece, if they fit.
fn gathered<'p>(slices: &[IoSlice<'_>], piece: &'p mut [u8]) -> Option<&'p [u8]> {
    let mut length = 0;
    for slice in slices {
        let end = length + slice.len();
        piece.get_mut(length..end)?.copy_from_slice(slice);
        length = end;
    }
    piece.get(..length)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn slices_that_fit_are_one_piece() {
        for (texts, expected) in [
            (&[][..], Some("")),
            (&["head"], Some("head")),
            (&["head", "", "content"], Some("headcontent")),
            (&["head", "content!"], None),
            (&["head and content"], None),
        ] {
            let slices: Vec<_> = texts.iter().map(|text| IoSlice::new(text.as_bytes())).collect();
            let mut piece = [0; "headcontent".len()];
            assert_eq!(gathered(&slices, &mut piece), expected.map(str::as_bytes), "{texts:?}");
        }
    }
}

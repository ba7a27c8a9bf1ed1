//! The demo: a server with sample data in a folder of its own, and the call that Orgbridge was built around.

mod call;
mod keys;
mod sample;

pub(crate) use call::patch;
pub(crate) use keys::DemoKeys;
pub(crate) use sample::Sample;

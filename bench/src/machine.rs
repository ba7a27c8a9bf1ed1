//! On what is measured, and how much memory a process holds.

use std::fs;
use std::thread::available_parallelism;

use orgbridge_ledger::{Clock, SystemClock};

use crate::Failure;

/// A line that says where and when.
pub(crate) fn describe() -> Result<String, Failure> {
    let cores = available_parallelism()?;
    let processors = fs::read_to_string("/proc/cpuinfo")?;
    let model = field(&processors, "model name").unwrap_or("unknown processor");
    let kernel = fs::read_to_string("/proc/sys/kernel/osrelease")?;
    let date = SystemClock.now().to_spaced();
    Ok(format!("Measured at {date} UTC on {cores} cores of {model}, Linux {}.\n", kernel.trim()))
}

/// How much memory a process holds.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Memory {
    /// At the most, so far, in bytes.
    pub(crate) peak: u64,
    /// Now, in bytes.
    pub(crate) resident: u64,
}

impl Memory {
    /// Of the process with an id.
    pub(crate) fn of(process: u32) -> Result<Self, Failure> {
        let status = fs::read_to_string(format!("/proc/{process}/status"))?;
        let bytes = |name| -> Result<u64, Failure> {
            let text =
                field(&status, name).ok_or("the system does not say how much memory a process holds")?;
            let kibibytes: u64 = text.trim_end_matches(" kB").parse()?;
            Ok(kibibytes * 1024)
        };
        Ok(Self { peak: bytes("VmHWM")?, resident: bytes("VmRSS")? })
    }
}

/// The text behind `name:` in a list of such lines.
fn field<'t>(list: &'t str, name: &str) -> Option<&'t str> {
    list.lines().find_map(|line| {
        let (found, text) = line.split_once(':')?;
        (found.trim() == name).then(|| text.trim())
    })
}

/// Bytes, in a unit that fits.
pub(crate) fn bytes(bytes: u64) -> String {
    match bytes {
        ..2_000_000_000 => format!("{} MB", bytes / 1_000_000),
        _ => format!("{:.1} GB", bytes as f64 / 1e9),
    }
}

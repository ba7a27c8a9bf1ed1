//! Bytes that are like others.

use fastrand::Rng;

/// How long what is made may be: most limits are within it, and more costs time.
const MAX_BYTES: usize = 4096;

/// What parsers have stumbled over.
const NASTY: [&[u8]; 40] = [
    b"\0",
    b"\"",
    b"\\",
    b"\\u0000",
    b"\\ud800",
    b"\\u0069d",
    b"\xff",
    b"\xc0\xaf",
    b"\xed\xa0\x80",
    b"\xef\xbb\xbf",
    b"{",
    b"}",
    b"[",
    b"]",
    b"[[[[[[[[",
    b":",
    b",",
    b"null",
    b"true",
    b"1e400",
    b"-0",
    b"18446744073709551616",
    b"-1",
    b"9223372036854775807",
    b"%00",
    b"%2F",
    b"%2e%2e",
    b"%C0%AF",
    b"%",
    b"&",
    b"=",
    b"+",
    b"..",
    b"//",
    b"\r\n",
    b"\n",
    b"\t",
    b" ",
    b"'",
    b"*",
];

/// An input like one of `seeds`: a few things are altered, taken out, doubled, or put in from another.
pub(crate) fn mutated(seeds: &[Vec<u8>], random: &mut Rng) -> Vec<u8> {
    let mut bytes = random.choice(seeds).cloned().unwrap_or_default();
    for _ in 0..random.usize(1..6) {
        alter(&mut bytes, seeds, random);
    }
    bytes.truncate(MAX_BYTES);
    bytes
}

fn alter(bytes: &mut Vec<u8>, seeds: &[Vec<u8>], random: &mut Rng) {
    let part = part_of(bytes, random);
    match random.u8(0..8) {
        0 if !bytes.is_empty() => {
            let place = random.usize(..bytes.len());
            bytes[place] ^= 1 << random.u8(0..8);
        }
        1 if !bytes.is_empty() => {
            let place = random.usize(..bytes.len());
            bytes[place] = random.u8(..);
        }
        2 => drop(bytes.drain(part)),
        3 => {
            let copy = bytes[part.clone()].to_vec();
            put(bytes, part.end, &copy);
        }
        4 => {
            let other = random.choice(seeds).map(Vec::as_slice).unwrap_or_default();
            let taken = other[part_of(other, random)].to_vec();
            bytes.splice(part, taken);
        }
        5 => {
            let digits = random.u64(..).to_string();
            bytes.splice(part, digits[..random.usize(1..=digits.len())].bytes());
        }
        _ => {
            let nasty = random.choice(NASTY).unwrap_or_default();
            let place = random.usize(..=bytes.len());
            put(bytes, place, nasty);
        }
    }
}

fn put(bytes: &mut Vec<u8>, place: usize, what: &[u8]) {
    drop(bytes.splice(place..place, what.iter().copied()));
}

/// Some part of `bytes`, short as a rule.
fn part_of(bytes: &[u8], random: &mut Rng) -> std::ops::Range<usize> {
    let start = random.usize(..=bytes.len());
    let longest = if random.u8(..) < 16 { bytes.len() } else { 24 };
    let length = random.usize(..=longest.min(bytes.len() - start));
    start..start + length
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_seed_of_randomness_gives_one_input_and_others_give_others() {
        let seeds = [b"{\"a\":1}".to_vec(), b"limit=7".to_vec()];
        let made = |seed| mutated(&seeds, &mut Rng::with_seed(seed));
        assert_eq!(made(7), made(7));
        let mut all: Vec<_> = (0..100).map(made).collect();
        all.sort();
        all.dedup();
        assert!(all.len() > 50, "{}", all.len());
    }

    #[test]
    fn no_seed_is_needed() {
        let mut random = Rng::with_seed(1);
        for _ in 0..1000 {
            assert!(mutated(&[], &mut random).len() <= MAX_BYTES);
        }
    }
}

//! Where values of a type stand in a text.

use std::collections::hash_map::DefaultHasher;
use std::hash::{Hash, Hasher};

/// Gives each value that is written at a place in a text, in all senses that it can have.
pub type Read<T> = fn(&str, usize, &mut dyn FnMut(T));

/// Most places with the same hash that are looked at for one value.
const MAX_PLACES: usize = 1_000;

/// Hashes of values with their places, in order: eight bytes for each value.
#[derive(Debug, Default)]
pub struct Table {
    places: Box<[(u32, u32)]>,
}

impl Table {
    /// Reads `text` at each of the places that `starts` gives, in order.
    pub fn of<T: Hash>(text: &str, starts: fn(&str, &mut dyn FnMut(usize)), read: Read<T>) -> Self {
        let mut places = Vec::new();
        starts(text, &mut |at| {
            if let Ok(place) = u32::try_from(at) {
                read(text, at, &mut |value| places.push((hash(&value), place)));
            }
        });
        places.sort_unstable();
        places.dedup();
        Self { places: places.into_boxed_slice() }
    }

    /// Whether `value` stands in `text`, which is the one that the table was made of.
    pub fn has<T: Hash + Eq>(&self, text: &str, value: &T, read: Read<T>) -> bool {
        let wanted = hash(value);
        let first = self.places.partition_point(|(hash, _)| *hash < wanted);
        let same = self.places.iter().skip(first).take_while(|(hash, _)| *hash == wanted).take(MAX_PLACES);
        same.filter_map(|(_, place)| usize::try_from(*place).ok()).any(|at| {
            let mut is_found = false;
            read(text, at, &mut |other| is_found |= other == *value);
            is_found
        })
    }

    /// The bytes that it takes.
    pub fn size(&self) -> usize {
        size_of_val(self.places.as_ref())
    }
}

fn hash<T: Hash>(value: &T) -> u32 {
    let mut hasher = DefaultHasher::new();
    value.hash(&mut hasher);
    let [a, b, c, d, ..] = hasher.finish().to_le_bytes();
    u32::from_le_bytes([a, b, c, d])
}

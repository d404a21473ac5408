//! Whole numbers of any length, with just the arithmetic that [`crate::extended`] needs to round once.

use std::cmp::Ordering;

/// A whole number of any length: 32 bits a limb, the lowest first, no zero at the end.
#[derive(Debug, Clone, Default)]
pub(crate) struct Natural(Vec<u32>);

impl From<u64> for Natural {
    fn from(number: u64) -> Self {
        let mut natural = Self(vec![number as u32, (number >> 32) as u32]);
        natural.trim();
        natural
    }
}

impl Natural {
    fn trim(&mut self) {
        while self.0.last() == Some(&0) {
            self.0.pop();
        }
    }

    pub(crate) fn bit_len(&self) -> usize {
        self.0.last().map_or(0, |top| self.0.len() * 32 - top.leading_zeros() as usize)
    }

    pub(crate) fn bit(&self, at: i64) -> bool {
        let Ok(at) = usize::try_from(at) else { return false };
        self.0.get(at / 32).is_some_and(|limb| limb >> (at % 32) & 1 == 1)
    }

    pub(crate) fn any_bit_below(&self, at: i64) -> bool {
        let Ok(at) = usize::try_from(at) else { return false };
        let whole = (at / 32).min(self.0.len());
        self.0[..whole].iter().any(|&limb| limb != 0)
            || self.0.get(at / 32).is_some_and(|limb| limb & ((1 << (at % 32)) - 1) != 0)
    }

    pub(crate) fn low_u64(&self) -> u64 {
        self.bits_from(0)
    }

    /// The 64 bits from bit `at` on.
    pub(crate) fn bits_from(&self, at: i64) -> u64 {
        let Ok(at) = usize::try_from(at) else { return 0 };
        let limb = |index: usize| u128::from(self.0.get(index).copied().unwrap_or(0));
        let first = at / 32;
        let wide = limb(first) | limb(first + 1) << 32 | limb(first + 2) << 64;
        (wide >> (at % 32)) as u64
    }

    pub(crate) fn multiply_add(&mut self, factor: u32, addend: u32) {
        let mut carry = u64::from(addend);
        for limb in &mut self.0 {
            carry += u64::from(*limb) * u64::from(factor);
            *limb = carry as u32;
            carry >>= 32;
        }
        if carry != 0 {
            self.0.push(carry as u32);
        }
    }

    pub(crate) fn multiply_by_ten_to(&mut self, power: usize) {
        for_each_factor(power, |factor| self.multiply_add(factor, 0));
    }

    /// Divides and returns the remainder.
    fn divide(&mut self, divisor: u32) -> u32 {
        let mut rest = 0;
        for limb in self.0.iter_mut().rev() {
            let wide = rest << 32 | u64::from(*limb);
            *limb = (wide / u64::from(divisor)) as u32;
            rest = wide % u64::from(divisor);
        }
        self.trim();
        rest as u32
    }

    /// Divides, rounding down; tells whether there was a remainder.
    pub(crate) fn divide_by_ten_to(&mut self, power: usize) -> bool {
        let mut inexact = false;
        for_each_factor(power, |factor| inexact |= self.divide(factor) != 0);
        inexact
    }

    pub(crate) fn shifted_left(&self, bits: usize) -> Self {
        let mut shifted = vec![0; bits / 32];
        let mut carry = 0;
        for &limb in &self.0 {
            carry |= u64::from(limb) << (bits % 32);
            shifted.push(carry as u32);
            carry >>= 32;
        }
        shifted.push(carry as u32);
        let mut natural = Self(shifted);
        natural.trim();
        natural
    }

    pub(crate) fn add(&mut self, other: &Self) {
        let len = self.0.len().max(other.0.len());
        self.0.resize(len, 0);
        let mut carry = 0;
        for (at, limb) in self.0.iter_mut().enumerate() {
            carry += u64::from(*limb) + u64::from(other.0.get(at).copied().unwrap_or(0));
            *limb = carry as u32;
            carry >>= 32;
        }
        if carry != 0 {
            self.0.push(carry as u32);
        }
    }

    /// The difference to a number that is not larger.
    pub(crate) fn minus(&self, other: &Self) -> Self {
        let mut borrow = false;
        let limbs = self.0.iter().enumerate().map(|(at, &limb)| {
            let (less, first) = limb.overflowing_sub(other.0.get(at).copied().unwrap_or(0));
            let (less, second) = less.overflowing_sub(u32::from(borrow));
            borrow = first || second;
            less
        });
        let mut difference = Self(limbs.collect());
        difference.trim();
        difference
    }

    pub(crate) fn compare(&self, other: &Self) -> Ordering {
        self.0.len().cmp(&other.0.len()).then_with(|| self.0.iter().rev().cmp(other.0.iter().rev()))
    }

    pub(crate) fn to_decimal(&self) -> String {
        let mut rest = self.clone();
        let mut groups = Vec::new();
        while !rest.0.is_empty() {
            groups.push(rest.divide(1_000_000_000));
        }
        let mut text = groups.pop().unwrap_or(0).to_string();
        for group in groups.iter().rev() {
            text.push_str(&format!("{group:09}"));
        }
        text
    }
}

/// Powers of ten that fit a limb and multiply up to 10^`power`.
fn for_each_factor(power: usize, mut each: impl FnMut(u32)) {
    for _ in 0..power / 9 {
        each(1_000_000_000);
    }
    if !power.is_multiple_of(9) {
        each(10_u32.pow((power % 9) as u32));
    }
}

//! Saving: when, in which process, and what INFO says about it.

use engine::Engine;

/// What is known about saves.
#[derive(Debug, Default)]
pub(crate) struct Saving {}

pub(crate) fn tick(_engine: &mut Engine) {}

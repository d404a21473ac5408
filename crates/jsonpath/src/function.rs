//! The functions of a path: RFC 9535 section 2.4, and RedisJSON's.

/// A function by its name.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Function {
    Length,
    Count,
    Match,
    Search,
    Value,
    Ceiling,
    Floor,
    Abs,
    Concat,
    Sum,
    Min,
    Max,
    Avg,
    Stddev,
    Keys,
    Append,
    First,
    Last,
    Index,
}

/// What a function takes or gives. RFC 9535 section 2.4.1 has the first three.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Type {
    Value,
    Logical,
    Nodes,
    /// The value of a query that selects one node by its form, the nodes of any other.
    Any,
    /// Values in order, that are no one node's.
    List,
}

/// What a function takes.
pub(crate) struct Parameters {
    types: &'static [Type],
    /// The last of them may come more than once.
    repeated: bool,
}

impl Parameters {
    /// The type of the argument `at`; those that are too many are of some type too.
    pub(crate) fn at(&self, at: usize) -> Type {
        self.types.get(at).or(self.types.last()).copied().unwrap_or(Type::Any)
    }

    /// Whether so many arguments can be given.
    pub(crate) fn take(&self, arguments: usize) -> bool {
        arguments == self.types.len() || self.repeated && arguments > self.types.len()
    }
}

impl Function {
    /// The function that a path calls `name`; RFC 9535's only, unless `extended`.
    pub(crate) fn named(name: &str, extended: bool) -> Option<Self> {
        Some(match name {
            "length" => Self::Length,
            "count" => Self::Count,
            "match" => Self::Match,
            "search" => Self::Search,
            "value" => Self::Value,
            _ if !extended => return None,
            "ceiling" => Self::Ceiling,
            "floor" => Self::Floor,
            "abs" => Self::Abs,
            "concat" => Self::Concat,
            "sum" => Self::Sum,
            "min" => Self::Min,
            "max" => Self::Max,
            "avg" => Self::Avg,
            "stddev" => Self::Stddev,
            "keys" => Self::Keys,
            "append" => Self::Append,
            "first" => Self::First,
            "last" => Self::Last,
            "index" => Self::Index,
            _ => return None,
        })
    }

    pub(crate) fn parameters(self) -> Parameters {
        let types: &[Type] = match self {
            Self::Length | Self::Ceiling | Self::Floor | Self::Abs | Self::Concat => &[Type::Value],
            Self::Count | Self::Value => &[Type::Nodes],
            Self::Match | Self::Search => &[Type::Value, Type::Value],
            Self::Sum | Self::Min | Self::Max | Self::Avg | Self::Stddev => &[Type::Any],
            Self::Keys | Self::First | Self::Last => &[Type::Any],
            Self::Append => &[Type::Any, Type::Any],
            Self::Index => &[Type::Any, Type::Value],
        };
        Parameters { types, repeated: matches!(self, Self::Concat | Self::Append) }
    }

    pub(crate) fn result(self) -> Type {
        match self {
            Self::Match | Self::Search => Type::Logical,
            Self::Keys | Self::Append => Type::List,
            _ => Type::Value,
        }
    }
}

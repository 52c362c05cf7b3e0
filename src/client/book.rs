//! What an address book is made of, as the static service tells it.

/// A whole address book, or what changed in it since a version.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Changes {
    /// The version that the reader is at afterwards.
    pub version: i64,
    /// Whether this is everything: what is not in it is gone.
    pub full: bool,
    /// To be taken in one after the other: what changed during the load may come twice.
    pub entries: Vec<Entry>,
}

/// One thing of the address book.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Entry {
    /// A department of the own enterprise.
    Department(Department),
    /// A colleague, or the reader.
    User(Person),
    /// Somebody of another enterprise.
    Partner(Partner),
    /// A group that the reader is in.
    Group(Group),
    /// Something that is no longer there for the reader.
    Deleted(Deleted),
}

/// A node of the organisation tree.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Department {
    /// Its id.
    pub did: String,
    /// For people.
    pub name: String,
    /// The department it belongs to; none at the top.
    pub parent: Option<String>,
}

/// A person; texts are empty when not told.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Person {
    /// Enterprise.
    pub eid: String,
    /// User.
    pub uid: String,
    /// For people.
    pub name: String,
    /// Job title.
    pub title: String,
    /// Telephone.
    pub phone: String,
    /// Mail.
    pub email: String,
    /// The department's id; partners have none.
    pub department: Option<String>,
    /// Content hash of the picture.
    pub avatar: Option<String>,
}

/// A person of another enterprise.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Partner {
    /// Who.
    pub person: Person,
    /// The enterprise's name for people.
    pub enterprise: String,
    /// What they are to the reader.
    pub relation: Relation,
}

impl Partner {
    /// `uid@eid`.
    pub fn id(&self) -> String {
        format!("{}@{}", self.person.uid, self.person.eid)
    }
}

/// What a partner is to the reader.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Default)]
pub enum Relation {
    /// A supplier, say.
    Upstream,
    /// A customer, say.
    Downstream,
    /// Neither, or not told.
    #[default]
    Partner,
}

impl Relation {
    /// The contract's word.
    pub fn as_str(self) -> &'static str {
        match self {
            Relation::Upstream => "upstream",
            Relation::Downstream => "downstream",
            Relation::Partner => "partner",
        }
    }

    /// Reads the contract's word; a later word is a partner.
    pub fn parse(text: &str) -> Relation {
        [Relation::Upstream, Relation::Downstream]
            .into_iter()
            .find(|relation| relation.as_str() == text)
            .unwrap_or_default()
    }
}

/// A group.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Group {
    /// Its id.
    pub gid: String,
    /// For people.
    pub name: String,
    /// The members' uids.
    pub members: Vec<String>,
}

/// What is gone, by its id.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Deleted {
    /// By uid.
    User(String),
    /// By did.
    Department(String),
    /// By gid.
    Group(String),
    /// By `uid@eid`.
    Partner(String),
}

//! The operators' command `explain`: what somebody may do and why, as JSON. The operator's program asks an engine of
//! its own the same, on a copy of the directory.
//!
//! | member | |
//! |---|---|
//! | `user`, `device`, `kind`, `action`, `topic` | the question; `kind` may come from the device's session |
//! | `allowed`, `why` | the decision, in the words of the log |
//! | `source` | `{"from"}` one of `directory`, `default table` (with `row`), `policy file` (with `index`, `name`, `line`, `topic`), `together` (with `parts` of `pattern` and `source`), `malformed`, `nothing` |
//! | `facts` | what the directory says |
//! | `notes` | what else has to be so |
//! | `nearMisses` | rules that give it to others: as `source`, with `lacks` |
//! | `example` | a topic that shows a filter to be too wide |
//! | `sessions` | of `login`: who is there |

use serde_json::{Map, Value, json};

use super::{Engine, Session, completion};
use crate::policy::explain::{NearMiss, RuleAt, Source, standing};
use crate::policy::{Action, Decision, Explanation, Kind, Standing, Subject, payload_wanted};
use crate::protocol::control::{Asked, Question};
use crate::protocol::{Topic, UserName};

impl Engine {
    /// Explains what somebody may do.
    pub fn explain(&self, question: &Question) -> Value {
        let mut answer = Map::new();
        let (uid, eid) = (&question.uid, &question.eid);
        let user = UserName { uid, eid };
        let subject = Subject {
            user,
            device: question.device.as_deref().unwrap_or_default(),
            kind: question
                .kind
                .map(completion::kind)
                .or_else(|| self.kind_of_session(user, question)),
        };
        put(&mut answer, "user", Some(user.to_string()));
        put(&mut answer, "device", question.device.clone());
        put(
            &mut answer,
            "kind",
            subject.kind.map(|kind| kind.to_string()),
        );
        put(
            &mut answer,
            "action",
            Some(question.asked.action().to_owned()),
        );
        put(
            &mut answer,
            "topic",
            question.asked.topic().map(str::to_owned),
        );
        match &question.asked {
            Asked::Login => self.explain_login(user, question, &mut answer),
            Asked::Read(topic) => self.explain_topic(&subject, Action::Receive, topic, &mut answer),
            Asked::Write(topic) => {
                self.explain_topic(&subject, Action::Publish, topic, &mut answer)
            }
            Asked::Subscribe(filter) => {
                self.explain_topic(&subject, Action::Subscribe, filter, &mut answer);
            }
        }
        Value::Object(answer)
    }

    fn kind_of_session(&self, user: UserName<'_>, question: &Question) -> Option<Kind> {
        let device = question.device.as_deref()?;
        let sessions = self.sessions.sessions_of(user, Some(device));
        sessions.first().map(|session| session.kind)
    }

    fn explain_login(
        &self,
        user: UserName<'_>,
        question: &Question,
        answer: &mut Map<String, Value>,
    ) {
        let person = self.directory.find(user);
        let why = match person.standing() {
            Standing::Active => {
                "with a login token of its own that the static service calls active"
            }
            Standing::NotInDirectory => {
                "a user newer than the directory gets in with an active login token, and with the rights that come with it"
            }
            Standing::Removed => "the user was removed",
            Standing::Suspended => "the user's enterprise is suspended",
        };
        let sessions = self.sessions.sessions_of(user, question.device.as_deref());
        let sessions: Vec<Value> = sessions.into_iter().map(shown).collect();
        answer.insert("allowed".into(), self.directory.may_log_in(user).into());
        answer.insert("why".into(), why.into());
        answer.insert("source".into(), json!({"from": "directory"}));
        answer.insert("facts".into(), json!([standing(&person, user)]));
        answer.insert("sessions".into(), sessions.into());
    }

    fn explain_topic(
        &self,
        subject: &Subject<'_>,
        action: Action,
        topic: &str,
        answer: &mut Map<String, Value>,
    ) {
        let found = self.policy.explain(&self.directory, subject, action, topic);
        let notes = self.notes(subject, action, topic, &found);
        let why = match found.decision {
            Decision::Allow(rule) => rule.to_string(),
            Decision::Deny(reason) => reason.to_string(),
        };
        answer.insert("allowed".into(), found.decision.is_allowed().into());
        answer.insert("why".into(), why.into());
        answer.insert("source".into(), source(&found.source));
        answer.insert("facts".into(), found.facts.into());
        answer.insert("notes".into(), notes.into());
        if !found.near_misses.is_empty() {
            let misses = found.near_misses.iter().map(near_miss);
            answer.insert("nearMisses".into(), misses.collect());
        }
        put(answer, "example", found.example);
    }

    fn notes(
        &self,
        subject: &Subject<'_>,
        action: Action,
        topic: &str,
        found: &Explanation,
    ) -> Vec<String> {
        let mut notes = Vec::new();
        let allowed = found.decision.is_allowed();
        if allowed && action == Action::Publish {
            let wanted = payload_wanted(Topic::parse(topic), subject.user);
            notes.push(format!("the payload must be {wanted}"));
        }
        if !allowed && subject.device.is_empty() && !self.policy.rules().is_empty() {
            let text = "no device was named: rules with {device} or who.kinds may give more to one";
            notes.push(text.to_owned());
        }
        notes
    }
}

fn put(answer: &mut Map<String, Value>, member: &str, value: Option<String>) {
    if let Some(value) = value {
        answer.insert(member.to_owned(), value.into());
    }
}

fn shown(session: &Session) -> Value {
    json!({
        "clientId": session.client_id,
        "kind": session.kind.as_str(),
        "expires": session.exp_s,
    })
}

fn source(source: &Source) -> Value {
    match source {
        Source::Directory => json!({"from": "directory"}),
        Source::DefaultTable(row) => json!({"from": "default table", "row": row}),
        Source::PolicyFile(rule) => Value::Object(of_rule(rule)),
        Source::Together(parts) => {
            let parts = parts.iter();
            let parts =
                parts.map(|p| json!({"pattern": p.pattern, "source": self::source(&p.source)}));
            json!({"from": "together", "parts": parts.collect::<Vec<Value>>()})
        }
        Source::Malformed => json!({"from": "malformed"}),
        Source::Nothing => json!({"from": "nothing"}),
    }
}

fn of_rule(rule: &RuleAt) -> Map<String, Value> {
    let mut members = Map::new();
    put(&mut members, "from", Some("policy file".to_owned()));
    members.insert("index".into(), rule.index.into());
    put(&mut members, "name", Some(rule.name.clone()));
    members.insert("line".into(), rule.line.into());
    put(&mut members, "topic", Some(rule.topic.clone()));
    members
}

fn near_miss(miss: &NearMiss) -> Value {
    let mut members = of_rule(&miss.rule);
    put(&mut members, "lacks", Some(miss.lacks.to_string()));
    Value::Object(members)
}

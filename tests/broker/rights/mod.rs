//! The table of rights (docs/policy.md, "The default table") on real brokers, exhaustively: who x action x
//! topic, judged by what is delivered.
//!
//! | file | what it is about |
//! |---|---|
//! | `people`, `table` | the world and the table, as data; nothing of `src/policy` |
//! | `topics` | which topics and filters are tried |
//! | `judge` | the filters' expected verdict, and the tally of what came out |
//! | `stage`, `letter` | broker, connections, unique payloads |
//! | `publish`, `subscribe`, `retained`, `wills`, `standing`, `withdrawn` | the actions |
//!
//! Each person has a receiving and a sending connection in MQTT 3.1.1 and in MQTT 5. That nothing comes
//! is proven by a sentinel: the sender's own, which the broker handles after all that was sent before,
//! then each receiver's own, which arrives after all that was sent to it before.

mod judge;
mod letter;
mod people;
mod publish;
mod retained;
mod stage;
mod standing;
mod subscribe;
mod table;
mod topics;
mod wills;
mod withdrawn;

use crate::harness::each_broker;

use publish::published_messages_reach_exactly_whom_the_table_names;
use retained::retained_messages_appear_exactly_to_whom_the_table_names;
use standing::removed_and_suspended_users_neither_send_nor_receive;
use subscribe::filters_give_exactly_what_the_table_gives;
use wills::wills_are_sent_exactly_where_their_owner_may_publish;
use withdrawn::withdrawn_rights_end_for_those_who_are_still_subscribed;

each_broker!(
    published_messages_reach_exactly_whom_the_table_names,
    filters_give_exactly_what_the_table_gives,
    retained_messages_appear_exactly_to_whom_the_table_names,
    wills_are_sent_exactly_where_their_owner_may_publish,
    removed_and_suspended_users_neither_send_nor_receive,
    withdrawn_rights_end_for_those_who_are_still_subscribed,
);

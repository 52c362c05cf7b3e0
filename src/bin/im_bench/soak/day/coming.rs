//! Who comes, goes, takes over and tries with a forged token.

use rand::RngExt as _;

use super::{BETWEEN_TRIES, Day, TRIES};
use crate::soak::crowd::Outcome;
use crate::soak::line::Coming;
use crate::soak::town::Device;

impl Day {
    pub(super) async fn come(&mut self, device: Device, first: bool) {
        let clean = first || self.random.random_bool(0.2);
        let stays = self.random.random_bool(0.6);
        self.come_with(device, clean, stays).await;
    }

    pub(super) async fn come_with(&mut self, device: Device, clean: bool, stays: bool) {
        self.done.logins += 1;
        let announce = self.random.random_bool(0.7);
        let fresh = self.random.random_bool(0.3);
        let member = self.crowd.members.get_mut(&device);
        let token = match member
            .and_then(|member| member.token.clone())
            .filter(|_| !fresh)
        {
            Some(token) => token,
            None => self.service.issue(device, announce),
        };
        for _ in 0..TRIES {
            let well = self.is_well();
            match self
                .crowd
                .come(Coming {
                    device,
                    token: &token,
                    clean,
                    stays,
                })
                .await
            {
                Outcome::In => {
                    if let Some(member) = self.crowd.members.get_mut(&device) {
                        member.token = Some(token);
                    }
                    return;
                }
                Outcome::Refused(code) => {
                    if well {
                        self.crowd.seen.complain(format!(
                            "{}: a good token was refused: {code}",
                            device.client_id()
                        ));
                    }
                    return;
                }
                // Who comes while the static service is away tries another time.
                Outcome::NotNow if !self.service.is_running() => return,
                Outcome::NotNow => {}
            }
            self.rest(BETWEEN_TRIES).await;
        }
        self.crowd.seen.complain(format!(
            "{}: a good token is not let in",
            device.client_id()
        ));
    }

    pub(super) async fn somebody_comes(&mut self) {
        if let Some(device) = self.any(false) {
            self.come(device, false).await;
        }
    }

    pub(super) async fn somebody_goes(&mut self, politely: bool) {
        if let Some(device) = self.any(true) {
            self.done.cuts += u64::from(!politely);
            self.crowd.go(device, politely).await;
        }
    }

    pub(super) async fn take_over(&mut self) {
        if let Some(device) = self.any(true) {
            self.done.takeovers += 1;
            self.come(device, false).await;
        }
    }

    pub(super) async fn forge(&mut self) {
        let Some(device) = self.any(false) else {
            return;
        };
        self.done.forged += 1;
        let token = format!("forged-{}", self.random.random::<u64>());
        let coming = Coming {
            device,
            token: &token,
            clean: false,
            stays: true,
        };
        if let Outcome::In = self.crowd.come(coming).await {
            self.crowd
                .seen
                .complain(format!("{}: a forged token was let in", device.client_id()));
        }
    }
}

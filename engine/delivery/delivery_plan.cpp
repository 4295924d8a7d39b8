#include "engine/delivery/delivery_plan.h"

#include <map>

namespace daybook {

namespace {

// RFC 5233's detail names a mailbox only if the account has one of exactly that name: strangers
// make no mailboxes.
std::string mailboxFor(const Recipient& recipient, const Snapshot& snapshot) {
    if (recipient.detail.empty()) return {};
    const std::optional<MailboxRow> mailbox =
        snapshot.mailboxes().find(recipient.account, recipient.detail);
    return mailbox ? mailbox->name : std::string();
}

}  // namespace

DeliveryPlan planDelivery(const Arrival& arrival, const Views& views, Random& random) {
    DeliveryPlan plan;
    std::map<AccountId, std::size_t> targetOf;
    const Snapshot snapshot = views.snapshot();
    for (const AcceptedRecipient& accepted : arrival.recipients) {
        std::vector<std::size_t>& targets = plan.targetsOf.emplace_back();
        for (const Recipient& recipient : accepted.recipients) {
            const auto [found, isNew] =
                targetOf.try_emplace(recipient.account, plan.targets.size());
            targets.push_back(found->second);
            if (!isNew) continue;
            plan.targets.push_back({
                .account = recipient.account,
                .address = recipient.address,
                .mailboxName = mailboxFor(recipient, snapshot),
                .forwardPath = accepted.forwardPath,
                .prefix = mime::deliveryFields(arrival.reversePath, recipient.deliveredTo),
                .emailId = random.id<EmailId>(),
            });
        }
    }
    return plan;
}

std::vector<Outcome<Done>> outcomesOf(
    const DeliveryPlan& plan, const std::vector<Outcome<Uid>>& stored) {
    std::vector<Outcome<Done>> outcomes;
    for (const std::vector<std::size_t>& targets : plan.targetsOf) {
        Outcome<Done> outcome = refuse(RefusalReason::NoSuchAddress);
        for (const std::size_t target : targets) {
            if (stored[target]) {
                outcome = Done{};
                break;
            }
            outcome = std::unexpected(stored[target].error());
        }
        outcomes.push_back(std::move(outcome));
    }
    return outcomes;
}

}  // namespace daybook

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

// An address that the envelope names twice is sent to once.
std::optional<std::size_t> relayFor(
    const AcceptedRecipient& accepted, DeliveryPlan& plan, Random& random) {
    if (accepted.remoteDomain.empty()) return std::nullopt;
    for (std::size_t index = 0; index < plan.relays.size(); ++index) {
        if (plan.relays[index].forwardPath == accepted.forwardPath) return index;
    }
    plan.relays.push_back({
        .forwardPath = accepted.forwardPath,
        .domain = accepted.remoteDomain,
        .options = accepted.options,
        .newDestination = random.id<DestinationId>(),
    });
    return plan.relays.size() - 1;
}

}  // namespace

DeliveryPlan planDelivery(const Arrival& arrival, const Views& views, Random& random) {
    DeliveryPlan plan;
    std::map<AccountId, std::size_t> targetOf;
    const Snapshot snapshot = views.snapshot();
    for (const AcceptedRecipient& accepted : arrival.recipients) {
        std::vector<std::size_t>& targets = plan.targetsOf.emplace_back();
        plan.relayOf.push_back(relayFor(accepted, plan, random));
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
                .options = accepted.options,
            });
        }
    }
    return plan;
}

std::vector<Outcome<Done>> outcomesOf(const DeliveryPlan& plan, const Deliver::Answer& answer) {
    std::vector<Outcome<Done>> outcomes;
    for (std::size_t index = 0; index < plan.targetsOf.size(); ++index) {
        const std::optional<std::size_t>& relay = plan.relayOf[index];
        if (relay) {
            outcomes.push_back(answer.relays[*relay]);
            continue;
        }
        Outcome<Done> outcome = refuse(RefusalReason::NoSuchAddress);
        for (const std::size_t target : plan.targetsOf[index]) {
            if (answer.targets[target]) {
                outcome = Done{};
                break;
            }
            outcome = std::unexpected(answer.targets[target].error());
        }
        outcomes.push_back(std::move(outcome));
    }
    return outcomes;
}

}  // namespace daybook

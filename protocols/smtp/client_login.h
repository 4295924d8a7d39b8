// client_login.h
//
// Logs in at a smart host, RFC 4954: SCRAM-SHA-256, else PLAIN, else LOGIN; never in the clear,
// except on loopback. Thread: the connection's reactor.
#pragma once

#include <chrono>
#include <optional>

#include "engine/runtime/task.h"
#include "protocols/smtp/client_dialogue.h"
#include "protocols/smtp/client_hello.h"

namespace daybook::smtp {

// Returns why it did not work; nothing: logged in. Throws DialogueEnded.
Task<std::optional<RemoteReply>> logInto(
    ClientDialogue& dialogue,
    const HelloFacts& facts,
    const SmartHostLogin& login,
    std::chrono::milliseconds patience);

}  // namespace daybook::smtp

// control_server.h
//
// Serves an Administration to operators on a unix socket, by Cap'n Proto RPC, on a thread of its
// own with KJ's event loop. One call at a time. Thread: constructor and destructor from one.
#pragma once

#include <filesystem>
#include <functional>
#include <memory>
#include <string>

#include "engine/control/administration.h"
#include "journal/base/log.h"

namespace daybook {

class ControlServer {
public:
    struct Facts {
        std::string version;
        std::function<std::size_t()> sessions;
        std::function<Seq()> appliedSeq;
    };

    // Listens when it returns. Throws std::runtime_error with the socket's path and the reason.
    ControlServer(
        const std::filesystem::path& socket,
        Administration& administration,
        Facts facts,
        const Log& log);
    // Ends the calls that run, closes, removes the socket.
    ~ControlServer();

    class Implementation;

private:
    std::unique_ptr<Implementation> implementation_;
};

}  // namespace daybook

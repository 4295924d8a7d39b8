// assembly.h
//
// The daemon's parts list: constructs everything in the order of the floors, opens the listeners,
// and takes it apart in the opposite order. Thread: main.
#pragma once

#include <functional>
#include <memory>
#include <string>

#include "engine/config/config.h"
#include "journal/base/log.h"
#include "journal/base/outcome.h"

namespace daybook {

class Assembly {
public:
    // Recovers, catches up, binds: everything but accepting. Throws what the parts throw.
    // `fatal` may be called from any thread, once: the process must stop.
    Assembly(Config config, const Log& log, std::function<void(const std::string&)> fatal);
    ~Assembly();
    Assembly(const Assembly&) = delete;
    Assembly& operator=(const Assembly&) = delete;

    // Accepts connections and writes run/ports.json.
    void start();
    // Graceful stop; returns when everything is on disk.
    void stop();
    // Reads the configuration file and certificates again. What needs a restart is said in the
    // log and stays as it was. Refusal: InvalidArgument with every problem.
    Outcome<Done> reload();

    class Parts;

private:
    std::unique_ptr<Parts> parts_;
};

}  // namespace daybook

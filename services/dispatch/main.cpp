// The dispatch service as a process of its own.
#include "libs/host/process.h"
#include "services/dispatch/wiring.h"

int main(int argc, char** argv) {
  return ctc::host::RunProgram({"ctc-dispatch",
                                "commands towards providers, and their event sockets",
                                {{"dispatch", ctc::dispatch::Make}}},
                               argc, argv);
}

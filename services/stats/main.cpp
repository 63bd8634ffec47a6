// The stats service as a process of its own.
#include "libs/host/process.h"
#include "services/stats/wiring.h"

int main(int argc, char** argv) {
  return ctc::host::RunProgram({"ctc-stats", "figures", {{"stats", ctc::stats::Make}}}, argc, argv);
}

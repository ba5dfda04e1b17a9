using System.Globalization;
using RpiAgent.Tests.Benchmarks;

return args switch
{
    ["scheduler"] => SchedulingBenchmark.Run(),
    ["deploy"] => await DeployBenchmark.RunAsync(5),
    ["deploy", var runs] when int.TryParse(runs, NumberStyles.None, CultureInfo.InvariantCulture, out int count) && count > 0 => await DeployBenchmark.RunAsync(count),
    _ => Usage(),
};

static int Usage()
{
    Console.Error.WriteLine("usage: Benchmarks scheduler | deploy [RUNS]");
    return 64;
}

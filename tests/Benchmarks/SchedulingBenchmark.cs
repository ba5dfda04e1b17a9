using System.Collections.Immutable;
using System.Diagnostics;
using System.Globalization;
using RpiAgent.Coordinator.Scheduling;

namespace RpiAgent.Tests.Benchmarks;

/// <summary>The scheduler alone, one thread: nodes of 64 cores and 64 GiB, half zone=a; each container asks 256 MiB; all filters on.</summary>
internal static class SchedulingBenchmark
{
    private const int Window = 1000;
    private const long MiB = 1L << 20;

    public static int Run()
    {
        Console.WriteLine($"{Environment.ProcessorCount} cores, .NET {Environment.Version}; classic figures: classicswarm.md section 17 A, same kind of machine");
        foreach (Scenario warm in Scenarios(200))
        {
            Measure(warm, 5000);
        }
        Console.WriteLine("\n30,000 containers on 1,000 nodes; best of three; first and last 1,000: placements/s by their median, so that other work on the machine does not count");
        Console.WriteLine($"{"strategy",-9}{"constraint",-11}{"placements/s",13}{"per cpu s",11}{"first 1,000",13}{"last 1,000",12}{"last:first",12}{"p50 us",9}{"p99 us",9}{"B/placement",13}{"classic/s",11}{"times",8}");
        foreach (Scenario scenario in Scenarios(1000))
        {
            Row row = Enumerable.Range(0, 3).Select(_ => Measure(scenario, 30_000)).MaxBy(r => r.PerSecond)!;
            Console.WriteLine(string.Create(CultureInfo.InvariantCulture,
                $"{scenario.Strategy,-9}{scenario.Constraint ?? "none",-11}{row.PerSecond,13:N0}{row.PerCpuSecond,11:N0}{row.First,13:N0}{row.Last,12:N0}{row.Last / row.First,12:0.00}{row.P50,9:0.0}{row.P99,9:0.0}{row.Bytes,13:N0}{scenario.Classic,11:N0}{row.PerSecond / scenario.Classic,8:N0}"));
        }
        Console.WriteLine("\nGrowth with the cluster (30 containers a node, at most 30,000; constraint zone==a)");
        Console.WriteLine($"{"nodes",-9}{"strategy",-10}{"placements/s",13}{"p50 us",9}{"p99 us",9}{"B/placement",13}{"B/refusal",12}{"index MiB",11}");
        foreach (int nodes in (int[])[10, 100, 1000, 10_000])
        {
            foreach (Scenario scenario in Scenarios(nodes).Where(s => s.Constraint is not null))
            {
                Row row = Measure(scenario, Math.Min(30_000, nodes * 30));
                Console.WriteLine(string.Create(CultureInfo.InvariantCulture,
                    $"{nodes,-9:N0}{scenario.Strategy,-10}{row.PerSecond,13:N0}{row.P50,9:0.0}{row.P99,9:0.0}{row.Bytes,13:N0}{row.RefusalBytes,12:N0}{row.IndexMiB,11:0.0}"));
            }
        }
        return 0;
    }

    private static Scenario[] Scenarios(int nodes) =>
    [
        new(nodes, Strategy.Spread, "zone==a", 196),
        new(nodes, Strategy.Binpack, "zone==a", 162),
        new(nodes, Strategy.Spread, null, 3366),
        new(nodes, Strategy.Binpack, null, 5110),
    ];

    private static Row Measure(Scenario scenario, int containers)
    {
        long before = GC.GetTotalMemory(forceFullCollection: true);
        PlacementCluster cluster = PlacementCluster.Create(Enumerable.Range(0, scenario.Nodes).Select(i => new PlacementNode
        {
            Id = $"id{i}",
            Name = $"n{i:D5}",
            MilliCpus = 64_000,
            MemoryBytes = 64 * 1024 * MiB,
            Labels = ImmutableDictionary<string, string>.Empty.Add("zone", i % 2 == 0 ? "a" : "b"),
        }));
        PlacementPolicy policy = new() { Strategy = scenario.Strategy };
        string[] names = [.. Enumerable.Range(0, containers).Select(i => $"c{i}")];
        ImmutableArray<string> constraints = scenario.Constraint is { } one ? [one] : [];
        long[] ticks = new long[containers];
        long bytes = GC.GetAllocatedBytesForCurrentThread();
        TimeSpan cpu = Environment.CpuUsage.TotalTime;
        long started = Stopwatch.GetTimestamp();
        for (int i = 0; i < containers; i++)
        {
            long at = Stopwatch.GetTimestamp();
            PlacementRequest request = new() { Name = names[i], Image = "busybox", Constraints = constraints, MemoryBytes = 256 * MiB };
            Placed placed = (Placed)Scheduler.Place(cluster, request, policy);
            cluster.Add(placed.Node, new() { Names = [names[i]], MemoryBytes = request.MemoryBytes });
            ticks[i] = Stopwatch.GetTimestamp() - at;
        }
        cpu = Environment.CpuUsage.TotalTime - cpu;
        double seconds = Stopwatch.GetElapsedTime(started).TotalSeconds;
        bytes = GC.GetAllocatedBytesForCurrentThread() - bytes;
        double index = (GC.GetTotalMemory(forceFullCollection: true) - before) / (double)MiB;
        long refusal = GC.GetAllocatedBytesForCurrentThread();
        _ = (Unplaceable)Scheduler.Place(cluster, new() { MemoryBytes = 1L << 50 }, policy);
        refusal = GC.GetAllocatedBytesForCurrentThread() - refusal;
        Row row = new(containers / seconds, containers / cpu.TotalSeconds, Rate(ticks.AsSpan(0, Math.Min(Window, containers))), Rate(ticks.AsSpan(Math.Max(0, containers - Window))), 0, 0, bytes / (double)containers, refusal, index);
        Array.Sort(ticks);
        GC.KeepAlive(cluster);
        return row with { P50 = Microseconds(ticks[containers / 2]), P99 = Microseconds(ticks[containers * 99 / 100]) };
    }

    private static double Rate(ReadOnlySpan<long> ticks)
    {
        long[] sorted = ticks.ToArray();
        Array.Sort(sorted);
        return 1e6 / Microseconds(sorted[sorted.Length / 2]);
    }

    private static double Microseconds(long ticks) => Stopwatch.GetElapsedTime(0, ticks).TotalMicroseconds;

    private sealed record Scenario(int Nodes, Strategy Strategy, string? Constraint, double Classic);

    private sealed record Row(double PerSecond, double PerCpuSecond, double First, double Last, double P50, double P99, double Bytes, long RefusalBytes, double IndexMiB);
}

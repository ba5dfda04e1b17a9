using System.Text;
using RpiAgent.Tests.PowerCutNode;
using Xunit;

namespace RpiAgent.Tests.Integration.PowerCuts;

/// <summary>
/// Cuts the power at every system call that changes the disk, and between them. The change runs once under strace; from its calls follow all
/// states in which POSIX lets a power cut leave the disk. Each is booted: real rollback script, then the agent's own start.
/// </summary>
public sealed class PowerCutTests : IDisposable
{
    /// <summary>Cuts during the boot after a cut: from so many of the states that a boot has to roll back.</summary>
    private const int SecondCuts = 2;

    private readonly string _folder = Directory.CreateDirectory(Path.Join(Directory.Exists("/dev/shm") ? "/dev/shm" : Path.GetTempPath(), $"rpi-cut-{Environment.ProcessId}-{Guid.NewGuid():N}")).FullName;

    public static TheoryData<string> Scenarios => [.. Scenario.All.Select(scenario => scenario.Name)];

    [Theory]
    [MemberData(nameof(Scenarios))]
    public async Task After_a_power_cut_anywhere_a_node_boots_with_the_old_or_the_confirmed_new_configuration(string name)
    {
        Assert.SkipWhen(!File.Exists("/usr/bin/strace"), "strace is not here; tests/run.sh installs it");
        Scenario scenario = Scenario.All.Single(item => item.Name == name);
        DiskTree before = DiskTree.Of(scenario.Before.Add(CutNode.ScriptPath, await File.ReadAllTextAsync(Path.Join(AppContext.BaseDirectory, "NodeConfig", "net-rollback.sh"), Token)));
        CutNode node = Node(0);
        node.Become(before);
        IReadOnlyList<DiskOperation> change = await SystemCalls.TraceAsync(node.Folder, Path.Join(AppContext.BaseDirectory, "power-cut-node"), [name, node.Folder], new Dictionary<string, string>());
        Assert.NotEmpty(change);
        DiskTree after = node.Look();

        CutPoints first = CutPoints.Of(before, change);
        Assert.Equal(Shown(after), Shown(first.End)); // the model saw what the programs did
        Results results = new(scenario, before, first.Applied ?? after);
        await BootAllAsync(first, results);
        foreach (DiskTree start in scenario.IsTransaction ? first.ToRollBack(SecondCuts) : [])
        {
            node.Become(start);
            (string program, string[] arguments, Dictionary<string, string> environment) = node.RollbackAtBoot();
            CutPoints second = CutPoints.Of(start, await SystemCalls.TraceAsync(node.Folder, program, arguments, environment)) with { ConfirmedFrom = CutPoints.IsMarked(start, "confirmed") ? 0 : int.MaxValue };
            Assert.Equal(Shown(node.Look()), Shown(second.End));
            await BootAllAsync(second, results);
        }

        TestContext.Current.SendDiagnosticMessage($"{name}: {results}");
        Assert.True(results.Failures.Count == 0, results.ToString());
        Assert.True(results.Cuts > 20, results.ToString());
    }

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    /// <summary>Without what a boot never finds.</summary>
    private static string Shown(DiskTree tree) => tree.Without("/run").ToString();

    private CutNode Node(int number) => new($"{_folder}/{number}", $"{_folder}/0");

    /// <summary>Two boots at a time, each in a folder of its own.</summary>
    private async Task BootAllAsync(CutPoints cuts, Results results)
    {
        results.Cuts += cuts.Count;
        ParallelOptions options = new() { MaxDegreeOfParallelism = 2, CancellationToken = Token };
        System.Collections.Concurrent.ConcurrentQueue<int> free = new([1, 2]);
        await Parallel.ForEachAsync(cuts.States, options, async (state, _) =>
        {
            Assert.True(free.TryDequeue(out int number));
            CutNode node = Node(number);
            try
            {
                node.Become(state.Tree.Without("/run"));
                await node.BootAsync();
                results.Add(state, "boot", node.WhyNot(results.Scenario, results.Before, results.After, state.MayBeNew));
                if (results.Scenario.IsTransaction && state is { IsKill: true, IsMarked: true })
                {
                    // Not the power, only the agent: the next one meets the same disk in the same boot, and the coordinator answers it.
                    node.Become(state.Tree);
                    await node.StartAgentAsync(isAnswered: true);
                    if (CutPoints.IsMarked(node.Look(), "waiting"))
                    {
                        await node.BootAsync();
                    }

                    results.Add(state, "restart of the agent", node.WhyNot(results.Scenario, results.Before, results.After, mayBeNew: true));
                }
            }
            catch (Exception e) when (e is not OperationCanceledException)
            {
                results.Add(state, "boot", e.Message);
            }
            finally
            {
                free.Enqueue(number);
            }
        });
    }

    private sealed record Results(Scenario Scenario, DiskTree Before, DiskTree After)
    {
        private int _boots;

        public int Cuts { get; set; }

        public List<string> Failures { get; } = [];

        public void Add(CutState state, string what, string? wrong)
        {
            lock (Failures)
            {
                _boots++;
                if (wrong is not null)
                {
                    Failures.Add($"after {state.Where} and a {what}: {wrong}\n{state.Tree}");
                }
            }
        }

        public override string ToString() =>
            new StringBuilder($"{Cuts} cut points, {_boots} boots of states that differ, {Failures.Count} failures\n").AppendJoin('\n', Failures.Take(5)).ToString();
    }
}

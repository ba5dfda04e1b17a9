using System.Collections.Concurrent;
using System.Text;
using RpiAgent.Tests.Integration.Support;
using RpiAgent.Tests.PowerCutNode;
using Xunit;

namespace RpiAgent.Tests.Integration.PowerCuts;

/// <summary>
/// Cuts the power at every system call that changes the disk, and between them. The change runs once under strace; from its calls follow all
/// states in which POSIX lets a power cut leave the disk. Each is booted: real rollback script, then the agent's own start.
/// </summary>
public sealed class PowerCutTests
{
    /// <summary>Cuts during the boot after a cut: from so many of the states that a boot has to roll back.</summary>
    private const int SecondCuts = 3;

    /// <summary>Of each scenario, for the sum, too; whichever test comes first makes it.</summary>
    private static readonly ConcurrentDictionary<string, Lazy<Task<Results>>> Done = new();

    public static TheoryData<string> Scenarios => [.. Scenario.All.Select(scenario => scenario.Name)];

    [Theory]
    [MemberData(nameof(Scenarios))]
    public async Task After_a_power_cut_anywhere_a_node_boots_with_the_old_or_the_confirmed_new_configuration(string name)
    {
        Results results = await CutAsync(Scenario.All.Single(item => item.Name == name));
        Assert.True(results.Failures.Count == 0, results.ToString());
        Assert.True(results.Moments > (results.Scenario.IsTransaction ? 50 : 10), results.ToString());
    }

    [Fact]
    public async Task Changes_of_the_network_and_their_ways_back_are_cut_in_at_least_two_hundred_different_moments()
    {
        int moments = 0, boots = 0;
        foreach (Scenario scenario in Scenario.All.Where(scenario => scenario is NetworkScenario))
        {
            Results results = await CutAsync(scenario);
            Needed.Note($"power cuts: {scenario}: {results.Line}");
            moments += results.Moments;
            boots += results.Boots;
        }

        Needed.Note($"power cuts of changes of the network in sum: {moments} different moments, {boots} boots of states that differ");
        Assert.True(moments >= 200, $"only {moments}");
    }

    private static Task<Results> CutAsync(Scenario scenario)
    {
        Needed.Have(Needed.Program("strace") is not null, "strace is not here; tests/run.sh installs it");
        return Done.GetOrAdd(scenario.Name, _ => new Lazy<Task<Results>>(async () =>
        {
            string folder = Directory.CreateDirectory(Path.Join(Directory.Exists("/dev/shm") ? "/dev/shm" : Path.GetTempPath(), $"rpi-cut-{Environment.ProcessId}-{Guid.NewGuid():N}")).FullName;
            try
            {
                return await CutAsync(scenario, number => new CutNode($"{folder}/{number}", $"{folder}/0"));
            }
            finally
            {
                Directory.Delete(folder, recursive: true);
            }
        })).Value;
    }

    /// <param name="node">A folder by its number.</param>
    private static async Task<Results> CutAsync(Scenario scenario, Func<int, CutNode> node)
    {
        DiskTree before = DiskTree.Of(scenario.Before.Add(CutNode.ScriptPath, await File.ReadAllTextAsync(Path.Join(AppContext.BaseDirectory, "NodeConfig", "net-rollback.sh"), Token)));
        CutNode traced = node(0);
        traced.Become(before);
        IReadOnlyList<DiskOperation> change = await SystemCalls.TraceAsync(traced.Folder, Path.Join(AppContext.BaseDirectory, "power-cut-node"), [scenario.Name, traced.Folder], new Dictionary<string, string>());
        Assert.NotEmpty(change);
        DiskTree after = traced.Look();

        CutPoints first = CutPoints.Of(before, change);
        Assert.Equal(Shown(after), Shown(first.End)); // the model saw what the programs did
        Results results = new(scenario, before, first.Applied ?? after);
        await BootAllAsync(first, results, node);
        foreach (DiskTree start in scenario.IsTransaction ? first.ToRollBack(SecondCuts) : [])
        {
            traced.Become(start);
            (string program, string[] arguments, Dictionary<string, string> environment) = traced.RollbackAtBoot();
            CutPoints second = CutPoints.Of(start, await SystemCalls.TraceAsync(traced.Folder, program, arguments, environment)) with { ConfirmedFrom = CutPoints.IsMarked(start, "confirmed") ? 0 : int.MaxValue };
            Assert.Equal(Shown(traced.Look()), Shown(second.End));
            await BootAllAsync(second, results, node);
        }

        return results;
    }

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    /// <summary>Without what a boot never finds.</summary>
    private static string Shown(DiskTree tree) => tree.Without("/run").ToString();

    /// <summary>Two boots at a time, each in a folder of its own.</summary>
    private static async Task BootAllAsync(CutPoints cuts, Results results, Func<int, CutNode> folder)
    {
        results.Moments += cuts.Moments;
        ParallelOptions options = new() { MaxDegreeOfParallelism = 2, CancellationToken = Token };
        ConcurrentQueue<int> free = new([1, 2]);
        await Parallel.ForEachAsync(cuts.States, options, async (state, _) =>
        {
            Assert.True(free.TryDequeue(out int number));
            CutNode node = folder(number);
            try
            {
                DiskTree found = state.Tree.Without("/run");
                if (results.IsFirst(found, state.MayBeNew))
                {
                    node.Become(found);
                    await node.BootAsync();
                    results.Add(state, "boot", node.WhyNot(results.Scenario, results.Before, results.After, state.MayBeNew));
                }

                if (results.Scenario.IsTransaction && state is { IsKill: true, IsMarked: true } && results.IsFirst(state.Tree, isRestart: true))
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
        /// <summary>After system calls that changed what a cut leaves.</summary>
        public int Moments { get; set; }

        public int Boots { get; private set; }

        public List<string> Failures { get; } = [];

        private readonly ConcurrentDictionary<(string, bool, bool), bool> _tried = [];

        /// <summary>Whether no cut before, in the change or in a boot after it, left the same.</summary>
        public bool IsFirst(DiskTree found, bool mayBeNew = true, bool isRestart = false) => _tried.TryAdd((found.Digest(), mayBeNew, isRestart), true);

        public void Add(CutState state, string what, string? wrong)
        {
            lock (Failures)
            {
                Boots++;
                if (wrong is not null)
                {
                    Failures.Add($"after {state.Where} and a {what}: {wrong}\n{state.Tree}");
                }
            }
        }

        public string Line => $"{Moments} different moments, {Boots} boots of states that differ, {Failures.Count} failures";

        public override string ToString() =>
            new StringBuilder($"{Line}\n").AppendJoin('\n', Failures.Take(5)).ToString();
    }
}

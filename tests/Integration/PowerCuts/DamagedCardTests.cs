using System.Collections.Immutable;
using System.Diagnostics;
using System.Text;
using Microsoft.Extensions.Logging.Abstractions;
using RpiAgent.Agent;
using RpiAgent.Agent.NodeConfig;
using RpiAgent.Tests.PowerCutNode;
using Xunit;

namespace RpiAgent.Tests.Integration.PowerCuts;

/// <summary>
/// Cards lie: a file that was synced may be cut short or gone. Of a change that waits for its confirmation everything the way back reads is
/// damaged in turn. Either all is as before, or nothing is touched, nothing is thrown away, and it is told.
/// </summary>
public sealed class DamagedCardTests : IDisposable
{
    private const string Net = $"{CutNode.State}/net", Manifest = $"{Net}/txn/manifest", Marker = $"{Net}/txn.json";
    private static readonly string[] Changed = ["/etc/network/interfaces", "/etc/resolv.conf"];

    private readonly string _folder = Directory.CreateDirectory(Path.Join(Directory.Exists("/dev/shm") ? "/dev/shm" : Path.GetTempPath(), $"rpi-damage-{Environment.ProcessId}-{Guid.NewGuid():N}")).FullName;

    [Fact]
    public async Task A_list_of_the_old_files_that_is_cut_anywhere_is_not_taken_for_a_shorter_one()
    {
        DiskTree pending = await PendingAsync();
        int length = pending.Entries[Manifest].Content.Length;
        await AllAsync([.. Enumerable.Range(0, length).Where(cut => cut % 3 == 0 || cut > length - 10).Select(cut => ($"manifest cut at {cut}", Cut(pending, Manifest, cut), false))]);
    }

    [Fact]
    public async Task A_marker_that_is_cut_anywhere_is_taken_back_by_its_copies()
    {
        DiskTree pending = await PendingAsync();
        int length = pending.Entries[Marker].Content.Length;
        await AllAsync([.. Enumerable.Range(0, length).Where(cut => cut % 3 == 0 || cut == length - 1).Select(cut => ($"marker cut at {cut}", Cut(pending, Marker, cut), true))]);
    }

    [Fact]
    public async Task A_copy_that_is_not_what_it_was_is_not_put_in_place()
    {
        DiskTree pending = await PendingAsync();
        await AllAsync(
        [
            ("nothing damaged", pending, true),
            ("copy 1 cut", Cut(pending, $"{Net}/txn/1.before", 5), false),
            ("copy 2 empty", Cut(pending, $"{Net}/txn/2.before", 0), false),
            ("copy 1 gone", pending.Without($"{Net}/txn/1.before"), false),
            ("manifest gone", pending.Without(Manifest), false),
            ("all copies gone", pending.Without($"{Net}/txn"), false),
            ("way gone", pending.Without($"{Net}/txn/link"), true),
            ("old versions gone", pending.Without("/etc/network/.interfaces.rpi-old").Without("/etc/.resolv.conf.rpi-old"), true),
            ("old version cut", Cut(pending, "/etc/network/.interfaces.rpi-old", 7), true),
        ]);
    }

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    /// <summary>The disk while a change waits to be confirmed.</summary>
    private async Task<DiskTree> PendingAsync()
    {
        CutNode node = new($"{_folder}/0", $"{_folder}/0");
        node.Become(DiskTree.Of(NetworkScenario.Dhcp.Add(CutNode.ScriptPath, await File.ReadAllTextAsync(Path.Join(AppContext.BaseDirectory, "NodeConfig", "net-rollback.sh"), Token))));
        using NodeConfigurator configurator = new(new AgentOptions { Root = node.Folder, NetworkConfirmSeconds = 30 }, TimeProvider.System, NullLoggerFactory.Instance);
        using CancellationTokenSource killed = new();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => configurator.ApplyAsync(new NodeSpec("", NetworkScenario.FirstAddress, []), async (_, cancel) =>
        {
            await killed.CancelAsync();
            cancel.ThrowIfCancellationRequested();
            return false;
        }, killed.Token));
        return node.Look().Without("/run");
    }

    private static DiskTree Cut(DiskTree tree, string path, int length) =>
        new(tree.Entries.SetItem(path, tree.Entries[path] with { Content = tree.Entries[path].Content[..length] }));

    private async Task AllAsync(IReadOnlyList<(string What, DiskTree Disk, bool IsTakenBack)> damages)
    {
        System.Collections.Concurrent.ConcurrentQueue<int> free = new([1, 2]);
        System.Collections.Concurrent.ConcurrentQueue<string> wrong = [];
        await Parallel.ForEachAsync(damages, new ParallelOptions { MaxDegreeOfParallelism = 2, CancellationToken = Token }, async (damage, _) =>
        {
            Assert.True(free.TryDequeue(out int number));
            CutNode node = new($"{_folder}/{number}", $"{_folder}/0");
            node.Become(damage.Disk);
            string told = await BootAsync(node);
            if (WhyNot(node.Look(), damage.Disk, damage.IsTakenBack, told) is { } reason)
            {
                wrong.Enqueue($"{damage.What}: {reason}\n{node.Look()}");
            }

            free.Enqueue(number);
        });
        Assert.True(wrong.IsEmpty, $"{wrong.Count} of {damages.Count}:\n{string.Join('\n', wrong.Take(3))}");
    }

    /// <returns>Exit code and words of the unit, then the agent has been started, too.</returns>
    private static async Task<string> BootAsync(CutNode node)
    {
        (string program, string[] arguments, Dictionary<string, string> environment) = node.RollbackAtBoot();
        ProcessStartInfo start = new(program, arguments) { UseShellExecute = false, RedirectStandardError = true };
        foreach ((string name, string value) in environment)
        {
            start.Environment[name] = value;
        }

        using Process script = Process.Start(start)!;
        string words = await script.StandardError.ReadToEndAsync(Token);
        await script.WaitForExitAsync(Token);
        await node.StartAgentAsync(isAnswered: true);
        return $"{script.ExitCode} {words.Trim()}";
    }

    private static string? WhyNot(DiskTree now, DiskTree damaged, bool isTakenBack, string told)
    {
        if (isTakenBack)
        {
            string[] notOld = [.. Changed.Where(path => Text(now, path) != NetworkScenario.Dhcp[path])];
            return notOld.Length > 0 || !told.StartsWith("0 ", StringComparison.Ordinal) ? $"{string.Join(", ", notOld)} not as before; {told}" : null;
        }

        string[] touched = [.. damaged.Entries.Keys.Where(path => path.StartsWith("/etc/", StringComparison.Ordinal) && Text(now, path) != Text(damaged, path))];
        string[] thrownAway = [.. damaged.Entries.Keys.Where(path => path.StartsWith($"{Net}/txn/", StringComparison.Ordinal) && !now.Entries.ContainsKey(path.Replace($"{Net}/txn/", $"{Net}/last-failed/txn/", StringComparison.Ordinal)))];
        return touched.Length > 0 || thrownAway.Length > 0 || !told.StartsWith("1 ", StringComparison.Ordinal) || Text(now, $"{Net}/last-failed/reason")?.Contains("damaged", StringComparison.Ordinal) != true
            ? $"touched [{string.Join(", ", touched)}], thrown away [{string.Join(", ", thrownAway)}]; {told}"
            : null;
    }

    private static string? Text(DiskTree tree, string path) => tree.Entries.GetValueOrDefault(path) is { } entry ? Encoding.Latin1.GetString(entry.Content) : null;
}

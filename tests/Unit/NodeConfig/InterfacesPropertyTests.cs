using System.Collections.Immutable;
using System.Text;
using CsCheck;
using RpiAgent.Agent.NodeConfig;
using RpiAgent.Agent.NodeConfig.Interfaces;
using Xunit;

namespace RpiAgent.Tests.Unit.NodeConfig;

/// <summary>What holds for every file, also for one that is no configuration at all.</summary>
public class InterfacesPropertyTests
{
    private static readonly ImmutableArray<string> Words =
    [
        "auto", "allow-hotplug", "allow-x", "iface", "mapping", "source", "source-directory", "no-scripts", "no-auto-down", "rename", "inherits", "script", "map", "template",
        "inet", "inet6", "meta", "none", "dhcp", "static", "manual", "loopback", "eth0", "eth1", "lo", "/eth*", "eth0=home", "mac/b8:*", "#", "\\", "$(x)", "a b",
        "address", "netmask", "gateway", "dns-nameservers", "192.168.1.50", "192.168.1.102/24", "255.255.255.0", "mtu", "1400", "up", "bridge_ports", "all", "regex", "[", "(", "*",
    ];

    private static readonly Gen<string> Blank = OneOf(" ", "\t", "  ", "    ", " \\\n ", "\v");
    private static readonly Gen<string> LineEnd = OneOf("\n", "\n", "\n", "\r\n", "\\\n", "\\\r\n", " \\ \n", "\n\n", "");

    private static readonly Gen<string> Line =
        Gen.Select(OneOf("", "", " ", "\t", "#", "# "), Gen.Select(OneOf([.. Words]), Blank, (word, blank) => word + blank).Array[0, 5], LineEnd,
            (indent, words, end) => indent + string.Concat(words) + end);

    private static readonly Gen<string> Files = Line.Array[0, 30].Select(lines => string.Concat(lines));

    /// <summary>A main file that includes two others, which may include each other and name the interface too.</summary>
    private static readonly Gen<ImmutableSortedDictionary<string, byte[]>> Trees =
        Gen.Select(Line.Array[0, 10], OneOf("source interfaces.d/*\n", "source-directory interfaces.d\n", "source interfaces.d/a interfaces.d/b\n", "source /etc/network/interfaces.d/[ab]\n"), Line.Array[0, 10], Files, Files, (start, include, rest, a, b) =>
            Tree(Encoding.Latin1.GetBytes(string.Concat(start) + "\n" + include + string.Concat(rest)))
                .Add("/etc/network/interfaces.d/a", Encoding.Latin1.GetBytes(a)).Add("/etc/network/interfaces.d/b", Encoding.Latin1.GetBytes(b)));

    private static readonly ImmutableArray<byte[]> Corpus = [.. Directory.GetFiles(Path.Join(AppContext.BaseDirectory, "NodeConfig", "corpus")).Order(StringComparer.Ordinal).Select(File.ReadAllBytes)];
    private static readonly AddressWish Wish = AddressWish.Static("eth0", "192.168.1.102/24", "192.168.1.1", ["8.8.8.8"]);

    private static readonly Gen<byte[]> Mutated =
        Gen.Select(Gen.Int[0, int.MaxValue], Gen.Select(Gen.Int[0, 4], Gen.Int[0, int.MaxValue], Gen.Byte, Gen.Int[0, int.MaxValue]).Array[1, 8], (file, edits) =>
            edits.Aggregate(Corpus.Concat(InterfacesCase.All.Select(item => Encoding.UTF8.GetBytes(item.Before))).ElementAt(file % (Corpus.Length + InterfacesCase.All.Length)), Mutate));

    [Fact]
    public void Rendering_what_was_parsed_gives_the_same_bytes()
    {
        Gen.Byte.Array[0, 300].Sample(content => InterfacesFile.Parse("x", content).Render().AsSpan().SequenceEqual(content));
        Files.Sample(text => Encoding.Latin1.GetString(InterfacesFile.Parse("x", Encoding.Latin1.GetBytes(text)).Render()) == text);
    }

    [Fact]
    public void A_rewrite_applied_twice_is_applied_once() => Files.Sample(text => IsStable(Tree(Encoding.Latin1.GetBytes(text))), iter: 5000);

    [Fact]
    public void Files_that_are_included_are_rewritten_or_refused_and_nothing_else() => Trees.Sample(IsStable, iter: 5000);

    [Fact]
    public void Files_that_once_went_wrong_are_rewritten_or_refused_and_nothing_else() => Assert.All(Corpus, content => Assert.True(IsStable(Tree(content))));

    [Fact]
    public void Mutated_files_are_rewritten_or_refused_and_nothing_else() => Mutated.Sample(content => IsStable(Tree(content)), iter: 5000);

    /// <summary>No crash, nothing changed on refusal, and after a rewrite: readable, one stanza, the wished values, unchanged the next time.</summary>
    private static bool IsStable(ImmutableSortedDictionary<string, byte[]> tree)
    {
        InterfacesChange change = Planning.Plan(tree, Wish);
        if (change.Refusal is not null || !change.IsChanged)
        {
            return !change.IsChanged;
        }

        ImmutableSortedDictionary<string, byte[]> after = tree.SetItems(change.Files);
        InterfacesModel model = InterfacesReader.Read(FileView.OfMemory(after));
        IfaceStanza stanza = model.Stanzas.Single(stanza => stanza is { Name: "eth0", Family: "inet" });
        return !model.Errors.Any(error => error.ConcernsAll)
            && InterfacesPolicy.IsEnabled(model, "eth0")
            && AddressComparison.IsSame(stanza, Wish)
            && OthersUnchanged(InterfacesReader.Read(FileView.OfMemory(tree)), model)
            && !Planning.Plan(after, Wish).IsChanged;
    }

    private static ImmutableSortedDictionary<string, byte[]> Tree(byte[] main) =>
        ImmutableSortedDictionary<string, byte[]>.Empty.Add(InterfacesReader.MainPath, main);

    private static Gen<string> OneOf(params string[] values) => Gen.Int[0, values.Length - 1].Select(index => values[index]);

    private static bool OthersUnchanged(InterfacesModel before, InterfacesModel after) =>
        Others(before).SequenceEqual(Others(after), StringComparer.Ordinal);

    private static IEnumerable<string> Others(InterfacesModel model) =>
        model.Stanzas.Where(stanza => stanza is not { Name: "eth0", Family: "inet" })
            .Select(stanza => $"{stanza.Name} {stanza.Family} {stanza.Method} {string.Join('|', stanza.Inherited.Concat(stanza.Options).Select(option => $"{option.Name}={option.Value}"))}");

    private static byte[] Mutate(byte[] content, (int Kind, int Where, byte Value, int Length) edit)
    {
        int at = content.Length == 0 ? 0 : edit.Where % content.Length;
        int end = Math.Min(content.Length, at + (edit.Length % 20));
        return edit.Kind switch
        {
            0 => [.. content[..at], edit.Value, .. content[at..]],
            1 => [.. content[..at], .. content[end..]],
            2 => [.. content[..end], .. content[at..]],
            3 => [.. content[..at], (byte)"\\\n #=/*\r\0"[edit.Value % 9], .. content[at..]],
            _ => [.. content[at..], .. content[..at]],
        };
    }
}

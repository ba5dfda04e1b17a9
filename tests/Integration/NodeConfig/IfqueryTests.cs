using System.Collections.Immutable;
using System.Diagnostics;
using System.Text;
using System.Text.Json;
using RpiAgent.Agent.NodeConfig;
using RpiAgent.Agent.NodeConfig.Interfaces;
using RpiAgent.Protos;
using RpiAgent.Tests.Integration.Support;
using Xunit;

namespace RpiAgent.Tests.Integration.NodeConfig;

/// <summary>
/// The real ifquery (package ifupdown) as the judge of our parser and of what we write. It reads files in a folder of
/// the test; this machine's network is not touched.
/// </summary>
public sealed class IfqueryTests : IDisposable
{
    private static readonly string? Program = new[] { Environment.GetEnvironmentVariable("RPI_TEST_IFQUERY"), "/sbin/ifquery", "/usr/sbin/ifquery" }
        .FirstOrDefault(path => path is not null && File.Exists(path));

    private const string More = "/etc/network/interfaces.d/more";
    private static readonly AddressWish Wish = AddressWish.Static("eth0", "192.168.1.102/24", "192.168.1.1", ["8.8.8.8"]);

    /// <summary>Files that differ in what ifupdown makes of them.</summary>
    private static readonly string[] Files =
    [
        "", "\n", "#\n", "auto lo\niface lo inet loopback\n", "auto eth0\niface eth0 inet dhcp", "auto eth0\r\niface eth0 inet dhcp\r\n", "iface eth0 inet dhcp # x\n",
        "iface eth0 inet dhcp\n auto\n mtu 3\n", "iface eth0 inet dhcp\n allow-hotplug\n no-scripts\n no-auto-down\n mtu 3\n", "iface eth0 inet dhcp\n rename\n mtu 3\n",
        "auto\n mtu 3\n", "iface eth0 inet dhcp\n mtu\n", "iface eth0 inet dchp \\\\", "iface eth0 inet dhcp \\\\\n", "iface eth0 inet inherits\n", "iface\n", "iface eth0\n", "iface eth0 inet\n",
        "iface eth0 link none\n", "iface eth0 ipx dynamic\niface eth0 can static\niface eth0 meta none\n", "iface eth0 inherits eth0\n", "iface b inet dhcp\n mtu 3\niface eth0 inherits b\n",
        "iface b inet dhcp\niface eth0 inet6 auto inherits b\n", "allow- eth0\n", "allow-x eth0\niface eth0 inet dhcp\n", "mapping eth1\n script a\n script b\n", "mapping eth1\n map x y\n mtu 3\n", "mapping\niface eth0 inet dhcp\n",
        "template x\n", "source\niface eth0 inet dhcp\n", "source /nowhere/*\niface eth0 inet dhcp\n", "source $(x)\niface eth0 inet dhcp\n", "source-dirx /nowhere\niface eth0 inet dhcp\n", "no-auto-down x\n mtu 3\n",
        "auto lo \\\niface eth0 inet dhcp\n", "auto lo \\\r\niface eth0 inet dhcp\n", "# x \\\niface eth0 inet dhcp\n", "  \\\niface eth0 inet dhcp\n", "\\\n iface eth0 inet dhcp\n", "iface eth0 inet dh\\\ncp\n\tmtu 3\n", "\u00ef\u00bb\u00bfauto eth0\n",
        "iface eth0 inet static\n address 192.168.1.50\n netmask 24\n up echo a\n up echo b\n", "auto eth0\niface eth0 inet dhcp\n\n  # c\n\n mtu 1400\nauto x\n", "\v\fauto eth0\niface\veth0\finet\tdhcp\n",
    ];

    private readonly string _folder = Directory.CreateTempSubdirectory("ifquery").FullName;

    [Fact]
    public void Our_parser_and_ifquery_agree_on_what_is_wrong_and_where()
    {
        SkipWithoutIfquery();
        Assert.All(Files, content =>
        {
            (string path, InterfacesModel model) = Write(content);
            (_, _, string error) = Query(path, "eth0");
            string[] complaints = [.. error.Split('\n').Where(line => line.Contains($"{path}:", StringComparison.Ordinal) && !line.Contains("ignored", StringComparison.Ordinal))];
            string[] ours = [.. model.Errors.Select(item => $"ifquery: {path}:{item.At.Line.Number}: {item.Message.Split(';', '(')[0].Trim()}")];
            Assert.Equal(ours, complaints.Select(line => line.Split('(')[0].Trim()));
        });
    }

    [Fact]
    public void What_we_write_is_what_ifquery_reads_and_other_interfaces_stay()
    {
        SkipWithoutIfquery();
        int rewritten = 0;
        Assert.All(Files, content =>
        {
            (string path, InterfacesModel model) = Write(content);
            InterfacesChange change = InterfacesPlanner.Plan(model, Wish, macAddress: null, hasDnsHook: true);
            if (change.Refusal is not null || !change.IsChanged)
            {
                return;
            }

            string[] others = [.. model.Stanzas.Select(stanza => stanza.Name).Where(name => name != "eth0").Distinct()];
            string[] before = [.. others.Select(name => Query(path, name).Output)];
            File.WriteAllBytes(path, change.Files[InterfacesReader.MainPath]);
            (int exitCode, string output, string error) = Query(path, "eth0");
            Assert.True(exitCode == 0, error);
            string[] values = output.Split('\n');
            Assert.Contains("address: 192.168.1.102", values);
            Assert.Contains("netmask: 255.255.255.0", values);
            Assert.Contains("gateway: 192.168.1.1", values);
            Assert.Contains("dns-nameservers: 8.8.8.8", values);
            Assert.Equal(before, others.Select(name => Query(path, name).Output));
            rewritten++;
        });
        Assert.True(rewritten > 15, $"only {rewritten} files were rewritten");
    }

    /// <summary>Main file and one more, interfaces.d/more.</summary>
    [Theory]
    [InlineData("source interfaces.d/*\n", "iface eth0 inet dhcp\n mtu 1400\n")]
    [InlineData("source interfaces.d/mor? interfaces.d/none\n", "iface eth0 inet dhcp\nsource /etc/network/interfaces\nsource more\n")]
    [InlineData("source-directory interfaces.d\niface eth0 inet dhcp\n", "mtu 3\niface wlan0 inet dhcp\n")]
    [InlineData("source 'interfaces.d'/m[a-z]re\niface eth0 inet manual inherits base\n", "iface base inet manual\n mtu 1400\n")]
    [InlineData("source $(x)\nsource |\nsource $HOME/none\niface eth0 inet dhcp\n", "iface eth0 inet dhcp\n")]
    [InlineData("source interfaces.d/more\nsource interfaces.d/more\n", "iface eth0 inet dhcp \\\n\n mtu 3\n mtu\n")]
    [InlineData("source interfaces.d\nauto eth0\niface eth0 inet dhcp\n", "iface eth0 inet manual\n")]
    public void Included_files_are_read_and_written_as_ifquery_reads_them(string main, string more)
    {
        SkipWithoutIfquery();
        Judge("included", Tree(main).Add(More, Encoding.Latin1.GetBytes(more)), Wish, mustRefuse: null);
    }

    [Fact]
    public void A_file_with_a_name_in_UTF8_is_read_as_ifquery_reads_it()
    {
        SkipWithoutIfquery();
        var tree = Tree("").SetItem(InterfacesReader.MainPath, "source interfaces.d/b\u00fcro\n"u8.ToArray()).Add("/etc/network/interfaces.d/b\u00fcro", "auto eth0\niface eth0 inet dhcp\n"u8.ToArray());
        Judge("UTF-8", tree, Wish, mustRefuse: false);
    }

    [Fact]
    public void Every_acceptance_case_is_judged_by_ifquery_as_by_us()
    {
        SkipWithoutIfquery();
        using JsonDocument cases = JsonDocument.Parse(File.ReadAllText(Path.Join(AppContext.BaseDirectory, "NodeConfig", "interfaces.json")));
        foreach (JsonElement one in cases.RootElement.EnumerateArray())
        {
            bool mustRefuse = one.TryGetProperty("error", out JsonElement error) && error.ValueKind == JsonValueKind.String;
            JsonElement change = one.GetProperty("change");
            if (mustRefuse && error.GetString()!.StartsWith("E_BAD_", StringComparison.Ordinal))
            {
                continue;
            }

            var tree = ImmutableSortedDictionary<string, byte[]>.Empty.Add(InterfacesReader.MainPath, Encoding.UTF8.GetBytes(one.GetProperty("before").GetString()!));
            foreach (JsonProperty file in one.TryGetProperty("files", out JsonElement files) && files.ValueKind == JsonValueKind.Object ? files.EnumerateObject().ToArray() : [])
            {
                tree = tree.Add(file.Name, Encoding.UTF8.GetBytes(file.Value.GetString()!));
            }

            string name = change.GetProperty("iface").GetString()!;
            AddressWish wish = change.GetProperty("method").GetString() == "dhcp"
                ? AddressWish.Dhcp(name)
                : AddressWish.Static(name, change.GetProperty("address").GetString()!, Text(change, "gateway"), change.TryGetProperty("dns", out JsonElement dns) && dns.ValueKind == JsonValueKind.Array ? [.. dns.EnumerateArray().Select(server => server.GetString()!)] : []);
            string after = Judge(one.GetProperty("name").GetString()!, tree, wish, mustRefuse);
            if (!mustRefuse && Text(one.GetProperty("verified"), "ifquery_after") is { } verified)
            {
                Assert.Equal(verified.TrimEnd(), after.TrimEnd());
            }
        }

        static string? Text(JsonElement of, string name) => of.TryGetProperty(name, out JsonElement value) && value.ValueKind == JsonValueKind.String ? value.GetString() : null;
    }

    private static ImmutableSortedDictionary<string, byte[]> Tree(string main) =>
        ImmutableSortedDictionary<string, byte[]>.Empty.Add(InterfacesReader.MainPath, Encoding.Latin1.GetBytes(main));

    /// <summary>Puts the files in the folder and compares: the same complaints, the wished values, other interfaces as before.</summary>
    /// <returns>What ifquery shows of the interface after the change.</returns>
    private string Judge(string name, ImmutableSortedDictionary<string, byte[]> tree, AddressWish wish, bool? mustRefuse)
    {
        string main = _folder + InterfacesReader.MainPath;
        Lay(tree);
        InterfacesModel model = InterfacesReader.Read(FileView.OfMemory(tree));
        string[] notErrors = ["ignored", "couldn't", "Is a directory"];
        string[] complaints = [.. Query(main, wish.Interface).Error.Split('\n').Where(line => line.Contains($"{_folder}/", StringComparison.Ordinal) && !notErrors.Any(words => line.Contains(words, StringComparison.Ordinal)))];
        Assert.Equal(
            model.Errors.Select(item => $"{name}: ifquery: {_folder}{item.At}: {item.Message.Split("; ")[0].Replace(" (byte order mark)", "", StringComparison.Ordinal)}"),
            complaints.Select(line => $"{name}: {line}"));
        InterfacesChange change = InterfacesPlanner.Plan(model, wish, macAddress: null, hasDnsHook: true);
        Assert.True(mustRefuse is null || mustRefuse == change.Refusal is not null, $"{name}: {change.Refusal}");
        if (change.Refusal is not null)
        {
            return "";
        }

        string[] others = [.. model.Stanzas.Select(stanza => stanza.Name).Where(other => other != wish.Interface).Distinct()];
        string[] before = [.. others.Select(other => Query(main, other).Output)];
        Lay(tree.SetItems(change.Files));
        (int exitCode, string output, string error) = Query(main, wish.Interface);
        Assert.True(exitCode == 0, $"{name}: {error}");
        string[] wished = wish.Method == AddressMethod.Dhcp ? [] : [$"address: {wish.Address}", .. wish.Gateway is { } gateway ? [$"gateway: {gateway}"] : Array.Empty<string>()];
        Assert.All(wished, line => Assert.Contains(output.Split('\n'), shown => shown == line || shown == $"{line}/{wish.PrefixLength}"));
        Assert.Equal(before, others.Select(other => Query(main, other).Output));
        return output;
    }

    /// <summary>Absolute paths of included files lead into the folder.</summary>
    private void Lay(ImmutableSortedDictionary<string, byte[]> tree)
    {
        Directory.Delete(_folder, recursive: true);
        foreach ((string path, byte[] content) in tree)
        {
            Directory.CreateDirectory(Path.GetDirectoryName(_folder + path)!);
            string text = Encoding.Latin1.GetString(content).Replace("source /etc/", $"source {_folder}/etc/", StringComparison.Ordinal).Replace("source-directory /etc/", $"source-directory {_folder}/etc/", StringComparison.Ordinal);
            File.WriteAllBytes(_folder + path, Encoding.Latin1.GetBytes(text));
        }
    }

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    private static void SkipWithoutIfquery() => Needed.Have(Program is not null, "ifquery is not here: tests/run.sh unpacks the package ifupdown and sets RPI_TEST_IFQUERY");

    private (string Path, InterfacesModel Model) Write(string content)
    {
        byte[] bytes = Encoding.Latin1.GetBytes(content);
        string path = Path.Join(_folder, "interfaces");
        File.WriteAllBytes(path, bytes);
        return (path, InterfacesReader.Read(FileView.OfMemory(ImmutableSortedDictionary<string, byte[]>.Empty.Add(InterfacesReader.MainPath, bytes))));
    }

    private (int ExitCode, string Output, string Error) Query(string path, string name)
    {
        ProcessStartInfo start = new(Program!, ["--no-mappings", "--state-dir", _folder, "-i", path, name]) { UseShellExecute = false, RedirectStandardOutput = true, RedirectStandardError = true };
        using Process process = Process.Start(start)!;
        string output = process.StandardOutput.ReadToEnd();
        string error = process.StandardError.ReadToEnd();
        process.WaitForExit();
        return (process.ExitCode, output, error);
    }
}

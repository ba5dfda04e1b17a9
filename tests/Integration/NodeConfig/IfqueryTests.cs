using System.Collections.Immutable;
using System.Diagnostics;
using System.Text;
using RpiAgent.Agent.NodeConfig;
using RpiAgent.Agent.NodeConfig.Interfaces;
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

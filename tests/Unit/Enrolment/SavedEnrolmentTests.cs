using System.Text.Json;
using RpiAgent.Agent.Enrolment;
using Xunit;

namespace RpiAgent.Tests.Unit.Enrolment;

public class SavedEnrolmentTests
{
    /// <summary>An upgrade never makes a node forget or misread what it was told.</summary>
    [Fact]
    public void What_the_first_agents_saved_is_read()
    {
        SavedEnrolment saved = JsonSerializer.Deserialize("""
            {
              "schema": 1,
              "coordinator": "https://192.168.1.2:7444/",
              "board": { "serial": "10000000a1b2c3d4", "mac": "dc:a6:32:00:00:01" },
              "spec": {
                "name": "pi1",
                "network": { "interface": "eth0", "method": "static", "address": "192.168.1.102/24", "gateway": "192.168.1.1", "dns": ["192.168.1.1"] },
                "dockerOptions": ["--log-driver=local"],
                "consulUrl": "https://192.168.1.2:8501/",
                "consulToken": "t"
              }
            }
            """, EnrolmentJson.Default.SavedEnrolment)!;
        Assert.Equal(("pi1", "", ""), (saved.Spec.Name, saved.Spec.Revision, saved.Spec.DockerClients));
        Assert.Equal((null, null, null), (saved.Spec.Ssh, saved.Next, saved.Failed));
        Assert.All([saved.Board.MachineId, saved.Board.Model, saved.Board.Platform, saved.Board.KernelArch, saved.Board.UserlandArch, saved.Board.Os, saved.Board.CardId], Assert.NotNull);
    }
}
